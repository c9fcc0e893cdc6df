import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach } from 'vitest';

/**
 * The key of every run in these tests. It has another shape than real keys, so that only knowledge
 * of the key itself, not of what keys look like, keeps it out of files and terminals.
 */
export const CANARY_KEY = 'sk-canary-5d1f0c7e9ba2-Zq';

/** So much of the key is as good as the key. */
const PREFIX_CHARACTERS = 12;

/**
 * What the key, or the first 12 characters of it, look like wherever they may turn up: as they are, in a
 * URL, in UTF-16, in hexadecimal, and in base64 (of either alphabet) at each of its three alignments.
 */
function needlesOf(key: string): readonly Buffer[] {
  const prefix = Buffer.from(key.slice(0, PREFIX_CHARACTERS));
  const base64 = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), prefix]).toString('base64');
    // Characters that also depend on what stands around the key.
    return text.slice(Math.ceil((before * 4) / 3), Math.floor(((before + prefix.length) * 4) / 3));
  });
  const texts = [
    prefix.toString(),
    encodeURIComponent(prefix.toString()),
    prefix.toString('hex'),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
  return [...new Set(texts)]
    .map((text) => Buffer.from(text))
    .concat(Buffer.from(prefix.toString(), 'utf16le'));
}

const NEEDLES = needlesOf(CANARY_KEY);

/** Whether the key, or enough of it, is in there in any shape. */
export function holdsKey(content: Uint8Array | string): boolean {
  const bytes = Buffer.from(content as string);
  return NEEDLES.some((needle) => bytes.includes(needle));
}

/** A private home and working folder of one test; removed when it ends. */
export type Bench = {
  /** The working folder of the program. */
  readonly folder: string;
  readonly home: string;
  path(name: string): string;
  /** Writes a file below the working folder and returns its path. */
  write(name: string, content: string | Uint8Array): string;
  read(name: string): string;
  bytes(name: string): Buffer;
  /** Names in the working folder, sorted. */
  names(): string[];
  /** Objects of a JSONL file; throws where a line is torn. */
  lines(name: string): Record<string, unknown>[];
  /** Files, below home and working folder, that hold the canary key. */
  leaks(): string[];
};

const open = new Set<string>();

afterEach(() => {
  for (const root of open) rmSync(root, { recursive: true, force: true });
  open.clear();
});

/** Makes the folders of one test, below the folder for temporary files or another one. */
export function openBench(below: string = tmpdir()): Bench {
  // A program sees its working folder without symbolic links, which TMPDIR may lead through.
  const root = mkdtempSync(join(realpathSync(below), 'qbatch-test-'));
  open.add(root);
  const folder = join(root, 'work');
  const home = join(root, 'home');
  mkdirSync(folder);
  mkdirSync(home);
  const path = (name: string): string => resolve(folder, name);
  return {
    folder,
    home,
    path,
    write(name, content) {
      mkdirSync(dirname(path(name)), { recursive: true });
      writeFileSync(path(name), content);
      return path(name);
    },
    read: (name) => readFileSync(path(name), 'utf8'),
    bytes: (name) => readFileSync(path(name)),
    names: () => readdirSync(folder).toSorted(),
    lines: (name) => parseJsonLines(readFileSync(path(name), 'utf8')),
    leaks: () => filesBelow(root).filter((file) => holdsKey(bytesNow(file))),
  };
}

/** Objects of JSONL text; throws where a line is torn or the last newline is missing. */
export function parseJsonLines(text: string): Record<string, unknown>[] {
  if (text === '') return [];
  if (!text.endsWith('\n')) throw new Error(`the last line is torn: ${text.slice(-80)}`);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/**
 * What a file holds; nothing where another run in the same folder removed it just now (its lock, its
 * log), or where a test has made it unreadable, for the program as for us.
 */
function bytesNow(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES') return Buffer.alloc(0);
    throw error;
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
