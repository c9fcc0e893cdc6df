import { homedir } from 'node:os';
import { isAbsolute } from 'node:path';

/**
 * The user's home; null if there is none: a user without a passwd entry, as in many containers, or an empty `HOME` (files
 * "in it" would be resolved against the working folder).
 */
export function homeFolder(): string | null {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : null;
  } catch {
    return null;
  }
}
