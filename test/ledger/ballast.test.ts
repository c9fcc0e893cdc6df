import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { makeBallast } from '../../src/ledger/ballast.ts';

/** A file system of no size, as a tmpfs without a limit is. */
const SIZELESS = '/proc';

test.skipIf(!existsSync(`${SIZELESS}/self`))(
  'a file system that does not tell its size: as many calls in flight as are asked for',
  async () => {
    expect(await makeBallast(`${SIZELESS}/a.qbatch.db`, 8)).toBe(Infinity);
  },
);
