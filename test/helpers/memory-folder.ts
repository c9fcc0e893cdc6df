import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const MEMORY = '/dev/shm';
/** Where it is smaller (a container's 64 MiB) the disk has to do. */
const BYTES_LEAST = 1024 * 1024 * 1024;

/** A folder in memory, for files that are written again and again and whose disk is a simulated one. */
export function memoryFolder(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= BYTES_LEAST ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}
