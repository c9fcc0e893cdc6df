import { realpathSync } from 'node:fs';
import path from 'node:path';

/** The path with links resolved; if it does not exist, those of its folder. Never throws. */
export function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    try {
      return path.join(realpathSync(path.dirname(file)), path.basename(file));
    } catch {
      return path.resolve(file);
    }
  }
}

/** Whether two paths name one file, or the place of one. */
export function samePath(one: string, other: string): boolean {
  return one === other || realPath(one) === realPath(other);
}
