import { expect, test } from 'vitest';
import { stateText } from '../../src/reporters/state-text.ts';
import { dispatchState } from './sample-events.ts';

test('stateText: the run in one line, the control file, and a row for each model', () => {
  const lines = stateText(dispatchState()).split('\n');
  expect(lines[0]).toBe(
    'dispatch state after 1m 1s: 412 of 1,000 lines settled, 12 calls in flight of 64 allowed',
  );
  expect(lines[1]).toBe('control file in force: /数据/高考题.qbatch.db.control.json');
  const cells = lines.slice(2, -1).map((line) => line.split(/ {2,}/u));
  expect(cells).toEqual([
    ['model', 'state', 'rpm', 'tpm', 'waiting', 'in flight', 'throttled'],
    ['qwen-plus', 'known', '594 of 600 (flag)', 'any (limit unknown)', '500', '10', '0'],
    [
      'qwen-max',
      'paused 4s',
      '59 of 60 (learned live)',
      '98k of 100k (control file)',
      '76',
      '2',
      '3 rate, 1 tokens',
    ],
  ]);
  expect(lines.at(-1)).toBe('');
});

test('stateText: nothing asked for yet, no control file, a stop under way', () => {
  const text = stateText(dispatchState({ models: [], controlFile: null, stopping: true }));
  expect(text.split('\n')).toEqual([
    'dispatch state after 1m 1s: 412 of 1,000 lines settled, 12 calls in flight of 64 allowed, stopping',
    'no model has been asked for yet',
    '',
  ]);
});

test('stateText: what a model is called cannot steer the terminal', () => {
  const [model] = dispatchState().models;
  if (model === undefined) throw new Error('no model');
  const text = stateText(dispatchState({ models: [{ ...model, model: 'qwen\u001B[2J\nplus' }] }));
  expect(text).not.toContain('\u001B');
  expect(text.split('\n')).toHaveLength(5);
});
