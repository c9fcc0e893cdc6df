import type * as Fs from 'node:fs';
import { CONTROL_FILE } from './retunes.ts';
import { currentWorld, now, ProcessDied, type SimFile, type World } from './world.ts';

/** The file system itself: what is mocked here must not find its own mock. */
const real = process.getBuiltinModule('node:fs');

const READ_BYTES_MOST = 64 * 1024;
const IS_OUTPUT = /\.(results|errors)\.jsonl(\.qbatch-new)?$/;

function ioError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}

function watched(file: number): { world: World; file: SimFile } | null {
  const { world } = now;
  const known = world?.files.get(file);
  return world === null || known === undefined ? null : { world, file: known };
}

function openSync(...args: Parameters<typeof Fs.openSync>): number {
  const file = real.openSync(...args);
  const { world } = now;
  const path = String(args[0]);
  if (world !== null && (IS_OUTPUT.test(path) || path.endsWith('.mark')))
    world.files.set(file, { path, syncedBytes: 0 });
  return file;
}

/** The control file, where a world does not hide it. */
function lstatSync(...args: Parameters<typeof Fs.lstatSync>): ReturnType<typeof Fs.lstatSync> {
  if (now.world?.sabotage === 'control-file-is-not-seen' && String(args[0]).endsWith(CONTROL_FILE))
    throw ioError('ENOENT', 'lstat');
  return real.lstatSync(...args);
}

function closeSync(file: number): void {
  now.world?.files.delete(file);
  real.closeSync(file);
}

type Write = [file: number, data: Uint8Array, offset: number, length: number, position?: number];

/** Writes a part, none, all, or twice. */
function writeSync(...args: Write): number {
  const at = watched(args[0]);
  if (at === null) return real.writeSync(...args);
  const { world, file } = at;
  if (!world.alive) throw new ProcessDied();
  const [descriptor, data, offset, length, position] = args;
  if (file.path.endsWith('.mark')) {
    if (world.passes('mark') !== null) throw ioError('ENOSPC', 'no space left on device, write');
    return real.writeSync(...args);
  }
  const part = world.chance(0.1) ? world.between(1, length) : length;
  if (world.trap?.spot === 'write' && world.trap.left === 1) {
    // Whatever hits the process here finds a torn line in the file.
    real.writeSync(descriptor, data, offset, world.between(0, length), position);
  }
  const fault = world.passes('write');
  if (fault !== null) throw ioError(fault === 'full' ? 'ENOSPC' : 'EIO', 'write');
  // As many bytes, but not the same: a loss or a surplus is noticed by the length of the file.
  if (world.sabotage === 'write-is-altered' && world.chance(0.2)) {
    const altered = Buffer.from(data.subarray(offset, offset + length));
    altered[length >> 1] = (altered[length >> 1] ?? 0) === 0x61 ? 0x62 : 0x61;
    return real.writeSync(descriptor, altered, 0, length, position);
  }
  return real.writeSync(descriptor, data, offset, part, position);
}

/** Synced after a while; what was written since the call may not be. */
function fdatasync(file: number, done: (error: Error | null) => void): void {
  const world = currentWorld();
  const { process: number } = world;
  const bytes = real.fstatSync(file).size;
  const path = world.files.get(file)?.path;
  world.time.after(world.chance(0.05) ? world.between(100, 4_000) : world.between(0, 8), () => {
    if (!world.lives(number)) {
      done(new ProcessDied());
      return;
    }
    try {
      if (world.passes('sync') !== null) {
        done(ioError('EIO', 'fdatasync'));
        return;
      }
    } catch (error) {
      done(error as Error);
      return;
    }
    if (path !== undefined) world.synced.set(path, bytes);
    done(null);
  });
}

/** The input as a stream of pieces of any size, each after a while. */
function createReadStream(path: string, options: { start?: number }): unknown {
  const world = currentWorld();
  const content = real.readFileSync(path).subarray(options.start ?? 0);
  let position = 0;
  return {
    destroy: () => undefined,
    closed: true,
    async *[Symbol.asyncIterator]() {
      while (position < content.length) {
        const size = world.chance(0.2) ? world.between(1, 40) : world.between(1, READ_BYTES_MOST);
        const chunk = content.subarray(position, position + size);
        position += chunk.length;
        await new Promise<void>((resolve) => {
          world.time.after(world.chance(0.5) ? 0 : world.between(0, 50), resolve);
        });
        yield chunk;
      }
    },
  };
}

/** `node:fs` for the program under simulation. */
export const faultFiles: Record<string, unknown> = {
  ...real,
  openSync,
  closeSync,
  lstatSync,
  writeSync,
  fdatasync,
  createReadStream,
};
