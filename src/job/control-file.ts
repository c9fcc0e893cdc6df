import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  type Stats,
} from 'node:fs';
import { realLedgerPath } from '../ledger/real-ledger-path.ts';
import { type ControlSettings, parseControl } from './control-settings.ts';

/** A control file has at most one line per model. */
const FILE_BYTES_MAX = 64 * 1024;
const WRITABLE_BY_OTHERS = 0o002;

/** Path of a ledger's control file. */
function controlPath(ledgerPath: string): string {
  return `${realLedgerPath(ledgerPath)}.control.json`;
}

/** The result of a check: nothing new, other settings (null: the file is gone), or why it cannot be used. */
export type ControlNews =
  | { readonly kind: 'same' }
  | { readonly kind: 'changed'; readonly control: ControlSettings | null }
  | { readonly kind: 'bad'; readonly problem: string };

const SAME: ControlNews = { kind: 'same' };

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code);
}

/** Changes whenever the file does, as far as the file system shows. */
function signatureOf(stats: Stats): string {
  const { dev, ino, size, mtimeMs, ctimeMs } = stats;
  return [dev, ino, size, mtimeMs, ctimeMs].join(':');
}

/**
 * Watches one control file by polling; never creates it.
 *
 * A bad file is reported once, when a second check finds it unchanged: the first may have come while it was being written.
 * The previous settings stay in force.
 */
export class ControlFile {
  readonly path: string;
  /** Signature of what was applied or reported; empty: no file. */
  private known = '';
  /** Signature of a bad file seen once. */
  private suspect = '';

  constructor(ledgerPath: string) {
    this.path = controlPath(ledgerPath);
  }

  look(): ControlNews {
    let signature: string;
    try {
      signature = signatureOf(lstatSync(this.path));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') return this.bad(codeOf(error), `cannot be looked at`);
      const wasThere = this.known !== '';
      this.known = '';
      this.suspect = '';
      return wasThere ? { kind: 'changed', control: null } : SAME;
    }
    if (signature === this.known) return SAME;
    const read = readControl(this.path);
    if (typeof read === 'string') return this.bad(signature, read);
    this.known = signature;
    this.suspect = '';
    return { kind: 'changed', control: read };
  }

  private bad(signature: string, problem: string): ControlNews {
    if (signature === this.known) return SAME;
    if (signature !== this.suspect) {
      this.suspect = signature;
      return SAME;
    }
    this.known = signature;
    return { kind: 'bad', problem: `${this.path} ${problem}` };
  }
}

/** The file's settings, or why it cannot be used. Opened once: what is checked is what is read. */
function readControl(path: string): ControlSettings | string {
  let file: number;
  try {
    // Neither links, which may lead anywhere, nor pipes, which would block the run, are opened.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = codeOf(error);
    return code === 'ELOOP'
      ? 'is a symbolic link, which is not followed'
      : `cannot be read (${code})`;
  }
  try {
    const stats = fstatSync(file);
    const problem = distrust(stats);
    if (problem !== null) return problem;
    const bytes = Buffer.alloc(stats.size);
    const length = readSync(file, bytes, 0, stats.size, 0);
    return parseControl(bytes.toString('utf8', 0, length));
  } catch (error) {
    return `cannot be read (${codeOf(error)})`;
  } finally {
    closeSync(file);
  }
}

/** Refuses a file that anyone but the user and root can write: they could slow a job down, or have it flood a service. */
function distrust(stats: Stats): string | null {
  if (!stats.isFile()) return 'is not a regular file';
  if (stats.size > FILE_BYTES_MAX) return `is larger than ${FILE_BYTES_MAX} bytes`;
  const user = process.geteuid?.();
  if (user === undefined) return null;
  if (stats.uid !== user && stats.uid !== 0) return 'belongs to another user';
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0)
    return 'can be written by everyone on this machine: chmod o-w';
  return null;
}
