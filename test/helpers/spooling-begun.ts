import { watch } from 'node:fs';
import type { Bench } from './bench.ts';

/** The name of the next copy of a stream that is begun in the bench's folder; ask before the program is started. */
export function spoolingBegun(bench: Bench): Promise<string> {
  const before = bench.names();
  return new Promise((resolve, reject) => {
    const watcher = watch(bench.folder, { persistent: false }, (_event, name) => {
      if (name?.endsWith('.spooling') !== true || before.includes(name)) return;
      watcher.close();
      resolve(name);
    });
    watcher.on('error', reject);
  });
}
