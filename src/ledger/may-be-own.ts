import { firstBytes } from '../files/first-bytes.ts';

/** Whether a file that should begin with `begin` may be ours, possibly torn by a power loss (empty, truncated, zeros). */
export function mayBeOwn(path: string, begin: Buffer): boolean {
  const found = firstBytes(path, begin.length, 'refuse');
  if (found === null) return true;
  return found.equals(begin.subarray(0, found.length)) || found.every((byte) => byte === 0);
}
