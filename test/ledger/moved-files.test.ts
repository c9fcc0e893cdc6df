import { cpSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { movedFiles } from '../../src/ledger/moved-files.ts';
import type { Job } from '../../src/ledger/records.ts';
import { addJob, openTempLedger, tempFolder } from '../helpers/temp-ledger.ts';

/** A tree with a ledger and an input in folders of their own, of a job that was run in it. */
function tree(ledgerPath: string | null = 'one/state/l.qbatch.db') {
  const folder = tempFolder();
  const at = (path: string): string => join(folder, path);
  const put = (path: string, text: string = path): void => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), text);
  };
  for (const path of ['state/l.qbatch.db', 'data/a.jsonl', 'out/r.jsonl', 'data/e.jsonl'])
    put(`one/${path}`);
  const ledger = openTempLedger(folder);
  const job: Job = {
    ...addJob(ledger, folder, { name: 'a' }),
    inputPath: at('one/data/a.jsonl'),
    inputBytes: 'one/data/a.jsonl'.length,
    resultsPath: at('one/out/r.jsonl'),
    errorsPath: at('one/data/e.jsonl'),
    ledgerPath: ledgerPath === null ? null : at(ledgerPath),
  };
  const files = (path: string): string[] => {
    const { inputPath, resultsPath, errorsPath } = movedFiles(job, at(path), [job]);
    return [inputPath, resultsPath, errorsPath].map((file) => file.slice(folder.length + 1));
  };
  return { at, put, files };
}

const ONE = ['one/data/a.jsonl', 'one/out/r.jsonl', 'one/data/e.jsonl'];
const TWO = ['two/data/a.jsonl', 'two/out/r.jsonl', 'two/data/e.jsonl'];

test.each([
  ['copied', (from: string, to: string) => cpSync(from, to, { recursive: true })],
  ['moved', renameSync],
])('a tree that was %s: each file at its own place from the ledger', (_name, take) => {
  const { at, files } = tree();
  take(at('one'), at('two'));
  expect(files('two/state/l.qbatch.db')).toEqual(TWO);
});

test('a copied tree whose input was changed since is told as such: it is not the first tree’s', () => {
  const { at, put, files } = tree();
  cpSync(at('one'), at('two'), { recursive: true });
  put('two/data/a.jsonl', 'another length');
  expect(files('two/state/l.qbatch.db')).toEqual(TWO);
});

test('outputs outside the moved folders that are not there: where the ledger says', () => {
  const { at, files } = tree();
  for (const part of ['state', 'data'])
    cpSync(at(`one/${part}`), at(`two/${part}`), { recursive: true });
  expect(files('two/state/l.qbatch.db')).toEqual([TWO[0], ONE[1], TWO[2]]);
});

test('a ledger that is where it was: a file as long and of the same name beside it is not its input', () => {
  const { put, files } = tree();
  put('one/state/a.jsonl', '?'.repeat('one/data/a.jsonl'.length));
  expect(files('one/state/l.qbatch.db')).toEqual(ONE);
});

test('a flat copy of what stood in folders: the input beside it is its own, where it is as long', () => {
  const { at, put, files } = tree();
  for (const path of ['one/state/l.qbatch.db', 'one/data/a.jsonl'])
    cpSync(at(path), at(join('flat', basename(path))));
  expect(files('flat/l.qbatch.db')).toEqual(['flat/a.jsonl', ONE[1], 'flat/e.jsonl']);
  put('flat/a.jsonl', 'another length');
  expect(files('flat/l.qbatch.db')).toEqual(ONE);
});

test('of an older ledger that does not say where it stood, such a file is', () => {
  const { put, files } = tree(null);
  put('one/state/a.jsonl', '?'.repeat('one/data/a.jsonl'.length));
  expect(files('one/state/l.qbatch.db')).toEqual([
    'one/state/a.jsonl',
    ONE[1],
    'one/state/e.jsonl',
  ]);
});

test('a ledger under another name, or through a link: its files stay where they are', () => {
  const { at, files } = tree();
  cpSync(at('one/state/l.qbatch.db'), at('one/state/backup.qbatch.db'));
  symlinkSync(at('one/state'), at('linked'));
  expect(files('one/state/backup.qbatch.db')).toEqual(ONE);
  expect(files('linked/l.qbatch.db')).toEqual(ONE);
});

test('an input that went beside its ledger, while the remembered one is gone', () => {
  const { at, files } = tree();
  renameSync(at('one/data/a.jsonl'), at('one/state/a.jsonl'));
  expect(files('one/state/l.qbatch.db')).toEqual([
    'one/state/a.jsonl',
    ONE[1],
    'one/state/e.jsonl',
  ]);
});
