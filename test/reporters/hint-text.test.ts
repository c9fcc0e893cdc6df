import { expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { hintText } from '../../src/reporters/hint-text.ts';

const hintOf = (message: string, hint?: string): string | undefined =>
  hintText(new InputError(66, message, hint));

test.each([
  'cannot read ~/in.jsonl: no such file',
  'cannot create /data/~/out.jsonl: there is no folder /data/~',
  "cannot read the catalog: ENOENT: no such file or directory, open '~/c.json'",
])('%s: the shell left the ~ as it is', (message) => {
  expect(hintOf(message, 'check the path')).toMatch(/^check the path; ~ is not expanded/);
  expect(hintOf(message)).toMatch(/^~ is not expanded/);
});

test.each(['cannot read a~/in.jsonl', 'cannot read in.jsonl~', '~ 3 lines'])(
  '%s: the hint as it is',
  (message) => {
    expect(hintOf(message, 'check the path')).toBe('check the path');
    expect(hintOf(message)).toBeUndefined();
  },
);
