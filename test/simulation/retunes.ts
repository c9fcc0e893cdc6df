import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Control } from './control-watch.ts';
import type { Scenario } from './scenario.ts';
import type { World } from './world.ts';

export const CONTROL_FILE = 'job.qbatch.db.control.json';

/** Texts of no use: what was in force stays so. */
const BAD = [
  '',
  'null',
  '[]',
  '{"concurrency":0}',
  '{"concurrency":10001}',
  '{"concurency":4}',
  '{"concurrency":4',
  '{"rpm":-1}',
  '{"concurrency":4,"rpm":"fast"}',
] as const;

/** Writes the file, whole, as an editor does; each text is longer than the one before it. */
function write(world: World, text: string, control: Control): void {
  const { control: watch, folder, time } = world;
  watch.texts += 1;
  const path = join(folder, CONTROL_FILE);
  const beside = join(folder, 'edited');
  writeFileSync(beside, text + ' '.repeat(watch.texts), { mode: 0o600 });
  renameSync(beside, path);
  watch.wrote(control, time.nowMs);
  world.tell({ kind: 'control', control });
}

function remove(world: World): void {
  rmSync(join(world.folder, CONTROL_FILE), { force: true });
  world.control.wrote('settings', world.time.nowMs);
  world.tell({ kind: 'control', control: 'settings' });
}

/** Another number of calls, other limits, or both; now and then nothing that can be read, or no file any more. */
export function retuneOnce(world: World, scenario: Scenario): void {
  const roll = world.random();
  if (roll < 0.15) write(world, world.pick(BAD), 'bad');
  else if (roll < 0.25) remove(world);
  else {
    const { concurrency: usual } = scenario;
    const concurrency = world.chance(0.8)
      ? world.pick([1, Math.ceil(usual / 2), usual, usual + 3, usual * 2])
      : undefined;
    const rpm = world.pick([undefined, 3_000, 60_000, 60_000_000, 'auto', { 'qwen-plus': 60_000 }]);
    const tpm = world.pick([undefined, undefined, 5_000_000, 1e12]);
    write(world, JSON.stringify({ concurrency, rpm, tpm }), concurrency ?? 'settings');
  }
}

/** Nothing is left that would make a long job slow without end. */
export function endRetunes(world: World, scenario: Scenario): void {
  if (scenario.lines > 300 || world.chance(0.5)) remove(world);
}
