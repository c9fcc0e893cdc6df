import { expect, test } from 'vitest';
import { identityDifferences, identityOf } from '../../src/job/identity.ts';
import type { Identity } from '../../src/ledger/records.ts';
import type { Settings } from '../../src/settings.ts';

const BASE: Identity = {
  model: 'qwen-plus',
  system: null,
  protocol: 'auto',
  set: { seed: '7', top_p: '0.5' },
  simulated: false,
};

test('identityDifferences: the same: none', () => {
  expect(identityDifferences(BASE, { ...BASE, set: { top_p: '0.5', seed: '7' } })).toEqual([]);
});

test.each<[string, Partial<Identity>, string]>([
  ['model', { model: null }, '--model was qwen-plus and is now not given'],
  ['system', { system: '你是客服。' }, '--system was not given and is now 你是客服。'],
  ['protocol', { protocol: 'openai' }, '--protocol was auto and is now openai'],
  ['a changed --set', { set: { seed: '8', top_p: '0.5' } }, '--set seed was 7 and is now 8'],
  ['a --set that is gone', { set: { seed: '7' } }, '--set top_p was 0.5 and is now not given'],
  ['a new --set', { set: { ...BASE.set, n: '2' } }, '--set n was not given and is now 2'],
  ['the simulator', { simulated: true }, 'the service was Model Studio and is now the simulator'],
])('identityDifferences: %s: told as it was and is', (_name, fields, told) => {
  expect(identityDifferences(BASE, { ...BASE, ...fields })).toEqual([told]);
});

test('identityDifferences: the raw text of a --set value counts, not its value', () => {
  expect(identityDifferences(BASE, { ...BASE, set: { seed: '7', top_p: '0.50' } })).toHaveLength(1);
});

test('identityOf: what the settings say, each --set by its name; what is not given is null', () => {
  const given = {
    model: 'qwen-plus',
    system: '你是客服。',
    protocol: 'openai',
    set: new Map([
      ['top_p', '0.50'],
      ['seed', '7'],
    ]),
    simulate: { seed: 7 },
    rpm: 600,
  } as unknown as Settings;
  const identity = identityOf(given);
  expect(identity).toEqual({
    model: 'qwen-plus',
    system: '你是客服。',
    protocol: 'openai',
    set: { seed: '7', top_p: '0.50' },
    simulated: true,
  });
  // The ledger keeps it as a text.
  expect(Object.keys(identity.set)).toEqual(['seed', 'top_p']);
  const none = { protocol: 'auto', set: new Map() } as unknown as Settings;
  expect(identityOf(none)).toEqual({
    model: null,
    system: null,
    protocol: 'auto',
    set: {},
    simulated: false,
  });
});
