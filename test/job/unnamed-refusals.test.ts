import { expect, test } from 'vitest';
import { UnnamedRefusals } from '../../src/job/unnamed-refusals.ts';

const job = (answered: number, ...models: string[]) => ({
  answered,
  survey: { models: models.map((model) => ({ model })) },
});
const UNNAMED = { code: 'qbatch_http_403' };

test('before a model has answered, a refusal is of the model', () => {
  const refusals = new UnnamedRefusals(job(0, 'qwen-plus'));
  refusals.answered('qwen-plus');
  expect(refusals.isOfLine('qwen-max', UNNAMED)).toBe(false);
  expect(refusals.isOfLine('qwen-plus', UNNAMED)).toBe(true);
});

test('one with a code of the service is of the model, whatever it has answered', () => {
  const refusals = new UnnamedRefusals(job(5, 'qwen-plus'));
  expect(refusals.isOfLine('qwen-plus', { code: 'AccessDenied' })).toBe(false);
});

test('ten in a row are of their lines, the eleventh of the model; an answer begins anew', () => {
  const refusals = new UnnamedRefusals(job(5, 'qwen-plus'));
  const next = (): boolean => refusals.isOfLine('qwen-plus', UNNAMED);
  expect(Array.from({ length: 9 }, next)).toEqual(Array<boolean>(9).fill(true));
  refusals.answered('qwen-plus');
  expect(Array.from({ length: 10 }, next)).toEqual(Array<boolean>(10).fill(true));
  expect(next()).toBe(false);
});

test('of several models nobody knows which have answered in earlier runs', () => {
  const refusals = new UnnamedRefusals(job(5, 'qwen-plus', 'qwen-max'));
  expect(refusals.isOfLine('qwen-plus', UNNAMED)).toBe(false);
});
