import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { Bench } from './bench.ts';

const MAY_DO_ALL = ['dac_override', 'dac_read_search'].map((name) => `-${name}`).join(',');

/**
 * A command line under which permissions of files count for root too: it runs what follows without
 * the right to pass over them.
 */
const UNDER_PERMISSIONS = ['setpriv', `--bounding-set=${MAY_DO_ALL}`];

const IS_ROOT = process.getuid?.() === 0;

/** What a program has to run under so that permissions of files hold for it; null where that cannot be had. */
export const permissionsHold: readonly string[] | null = !IS_ROOT
  ? []
  : succeeds([...UNDER_PERMISSIONS, 'true'])
    ? UNDER_PERMISSIONS
    : null;

/** Whether this process may mount file systems: root, where the container lets it. */
export const mayMount: boolean = IS_ROOT && triesToMount();

const mounted = new Set<string>();

// Registered after the bench's own, so it runs before: no folder can be removed on which something is mounted.
afterEach(() => {
  for (const place of mounted) command('umount', '--lazy', place);
  mounted.clear();
});

function succeeds([file = '', ...args]: readonly string[]): boolean {
  return spawnSync(file, args).status === 0;
}

function command(file: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(file, args, { encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(`${file} ${args.join(' ')}: ${stderr}`);
}

function triesToMount(): boolean {
  const place = mkdtempSync(join(tmpdir(), 'qbatch-mount-'));
  try {
    if (!succeeds(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place])) return false;
    command('umount', place);
    return true;
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** A file system of so many KiB as a folder of the bench; `resize` makes it larger while it is in use, `fill` takes what is free, but for so many KiB. */
export function mountSmall(
  bench: Bench,
  name: string,
  sizeKib: number,
): { resize(sizeKib: number): void; fill(leaveKib?: number): void } {
  const place = bench.path(name);
  mkdirSync(place);
  command('mount', '-t', 'tmpfs', '-o', `size=${sizeKib}k,mode=0700`, 'tmpfs', place);
  mounted.add(place);
  return {
    resize(newKib) {
      command('mount', '-o', `remount,size=${newKib}k`, place);
    },
    fill(leaveKib = 0) {
      const { bavail, bsize } = statfsSync(place);
      writeFileSync(
        join(place, 'of-somebody-else'),
        Buffer.alloc(bavail * bsize - leaveKib * 1024),
      );
    },
  };
}

/** Makes a folder of the bench a mount of its own, which can be made read-only and writable again. */
export function mountItself(bench: Bench, name: string): { writable(can: boolean): void } {
  const place = bench.path(name);
  mkdirSync(place, { recursive: true });
  command('mount', '--bind', place, place);
  mounted.add(place);
  return {
    writable(can) {
      command('mount', '-o', `remount,bind,${can ? 'rw' : 'ro'}`, place);
    },
  };
}
