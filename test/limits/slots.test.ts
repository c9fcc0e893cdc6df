import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Slot, Slots } from '../../src/limits/slots.ts';

/** Asks for so many slots; those that came are in the returned list. */
function ask(slots: Slots, count: number): Slot[] {
  const got: Slot[] = [];
  for (let index = 0; index < count; index += 1) {
    slots.take((slot) => {
      got.push(slot);
    });
  }
  return got;
}

test('never more slots than the count, whoever asks; a returned one goes to the next', async () => {
  const slots = new Slots(2);
  const got = ask(slots, 3);
  await turn();
  expect(got).toHaveLength(2);
  const [first] = got;
  if (first === undefined) throw new Error('no slot');
  slots.put(first);
  slots.releaseUnused();
  await turn();
  expect(got).toHaveLength(3);
});

test('a returned slot is reused at once', async () => {
  const slots = new Slots(1);
  const [first] = await asked(slots, 1);
  if (first === undefined) throw new Error('no slot');
  slots.put(first);
  expect(ask(slots, 1)).toEqual([first]);
});

test('fewer slots: unused ones are given back, and no more are out than the new count', async () => {
  const slots = new Slots(3);
  for (const slot of await asked(slots, 3)) slots.put(slot);
  slots.count = 1;
  expect(slots.count).toBe(1);
  expect(await asked(slots, 3)).toHaveLength(1);
});

async function asked(slots: Slots, count: number): Promise<Slot[]> {
  const got = ask(slots, count);
  await turn();
  return got;
}
