import { homedir } from 'node:os';
import { isAbsolute } from 'node:path';

/**
 * The user's home; null where there is none: a user without an entry in the system's list, as in many containers,
 * or a `HOME` that is empty (files "in it" would be looked for wherever the process stands).
 */
export function homeFolder(): string | null {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : null;
  } catch {
    return null;
  }
}
