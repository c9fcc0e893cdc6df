import { createHash } from 'node:crypto';
import { readdirSync, readlinkSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { randomToken } from '../clock.ts';

/** `stdin-<content>.jsonl`: complete, named by the hash of its content. */
const COPY = /^stdin-[0-9a-f]{12}\.jsonl$/;
/** `stdin-<place>-<process>-<token>.spooling` */
const NAME = /^stdin-([0-9a-f]{8})-(\d+)-[0-9a-f]{12}\.spooling$/;

/** Identifies the PID namespace: this host and, on Linux, this container. */
function placeToken(): string {
  let namespace = '';
  try {
    namespace = readlinkSync('/proc/self/ns/pid');
  } catch {
    // Elsewhere a host has a single PID namespace.
  }
  return createHash('sha256').update(`${hostname()} ${namespace}`).digest('hex').slice(0, 8);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Whether an input is a copy of stdin, which is kept until its job is finished. */
export function isSpooled(inputPath: string): boolean {
  return COPY.test(basename(inputPath));
}

/** A unique name in `folder` for the copy of a stream while it is being written. */
export function spoolingPath(folder: string): string {
  return join(folder, `stdin-${placeToken()}-${process.pid}-${randomToken()}.spooling`);
}

/**
 * Removes copies in `folder` whose writers were killed: they are useless, and may hold prompts. Only if the writer is
 * certainly gone. (A file's age proves nothing: a pipe's writer may be slow. A lock that dies with its holder would take a
 * database per copy.) What cannot be removed stays.
 */
export function removeStaleSpooling(folder: string): void {
  const place = placeToken();
  try {
    for (const name of readdirSync(folder)) {
      const [, writtenAt, pid] = NAME.exec(name) ?? [];
      if (writtenAt === place && !isAlive(Number(pid))) rmSync(join(folder, name), { force: true });
    }
  } catch {
    // Errors of the folder are reported where the copy is created.
  }
}
