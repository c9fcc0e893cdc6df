import { copyFileSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { InputError, QbatchError, UsageError } from '../../src/errors.ts';
import { chooseJob, chooseJobs, findLedgers, jobsOfFolder } from '../../src/ledger/find-jobs.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { setState } from '../../src/ledger/jobs.ts';
import { folderOfTest, NONE } from './folder-of-test.ts';
import { addJob, FIRST, openLedger, SAMPLE } from './sample-job.ts';

const folder = folderOfTest();
const at = (name: string): string => folder.at(name);

/** Makes `<stem>.qbatch.db` with the jobs named: open ones, and finished ones where the name ends in `*`. */
function makeLedger(stem: string, ...names: string[]): string {
  const ledger = openLedger(at(`${stem}.qbatch.db`));
  for (const name of names) {
    const plain = name.replace('*', '');
    const finished = name !== plain;
    const job = addJob(ledger, finished ? [FIRST] : SAMPLE, {
      name: plain,
      inputPath: at(`${plain}.jsonl`),
    });
    if (finished)
      ledger.transact(() => {
        setState(ledger, job.id, 'finished', 1);
      });
  }
  ledger.close();
  return at(`${stem}.qbatch.db`);
}

test('findLedgers: a folder, its ledgers by name and nothing else', () => {
  const second = makeLedger('乙', '乙');
  const first = makeLedger('exam', 'exam');
  writeFileSync(at('notes.txt'), 'x');
  expect(findLedgers(folder.path)).toEqual([first, second].toSorted());
  expect(() => findLedgers(at('missing'))).toThrow(InputError);
});

test('findLedgers: a ledger that --ledger named otherwise, and no other database', () => {
  const usual = makeLedger('exam', 'exam');
  const named = at('state.db');
  renameSync(makeLedger('moved', 'moved'), named);
  renameSync(at('moved.qbatch.db.mark'), `${named}.mark`);
  copyFileSync(named, at('copy-without-mark.db'));
  for (const foreign of ['notes.db', 'text.db']) writeFileSync(at(`${foreign}.mark`), '12345678');
  const database = openDatabase(at('notes.db'));
  database.exec('CREATE TABLE notes (id INTEGER)');
  database.close();
  writeFileSync(at('text.db'), 'x');
  expect(findLedgers(folder.path)).toEqual([usual, named]);
  expect(chooseJob({ ...NONE, job: 'moved.jsonl' }, folder.path)).toEqual({
    ledgerPath: named,
    name: 'moved',
  });
});

test('chooseJob: nothing named, the only job there is', () => {
  const ledgerPath = makeLedger('exam', 'exam*');
  expect(chooseJob(NONE, folder.path)).toEqual({ ledgerPath, name: 'exam' });
  expect(chooseJob(NONE, folder.path, 'retry').name).toBe('exam');
});

test('chooseJob: nothing named and several jobs, the only unfinished one', () => {
  makeLedger('a', 'a*');
  const ledgerPath = makeLedger('b', 'b', 'c*');
  expect(chooseJob(NONE, folder.path)).toEqual({ ledgerPath, name: 'b' });
  expect(chooseJob(NONE, folder.path, 'resume')).toEqual({ ledgerPath, name: 'b' });
});

test('chooseJob: nothing named for retry, the only job with failed lines', () => {
  makeLedger('a', 'a*');
  makeLedger('b', 'b*');
  const ledgerPath = makeLedger('c', 'c');
  expect(chooseJob(NONE, folder.path, 'retry')).toEqual({ ledgerPath, name: 'c' });
});

test('chooseJob: nothing named and several unfinished jobs, 64 with the candidates', () => {
  const a = makeLedger('a', 'a', 'other*');
  makeLedger('b', 'b');
  const choose = (): unknown => chooseJob(NONE, folder.path);
  expect(choose).toThrow(UsageError);
  expect(choose).toThrow(`a (${a}, open)`);
  expect(choose).not.toThrow('other');
});

test('chooseJob: nothing to resume, 66 that says so', () => {
  expect(() => chooseJob(NONE, folder.path)).toThrow(expect.objectContaining({ exitCode: 66 }));
  makeLedger('a', 'a*');
  expect(() => chooseJob(NONE, folder.path, 'resume')).toThrow('no unfinished job');
  // Named, a finished job is no mistake: the run says that there is nothing to do.
  expect(chooseJob({ ...NONE, job: 'a' }, folder.path, 'resume').name).toBe('a');
});

test('chooseJob: a ledger path, its only job, or the one that --job names', () => {
  const ledgerPath = makeLedger('two', '早班', '晚班');
  const single = makeLedger('one', 'one');
  expect(chooseJob({ ...NONE, job: 'one.qbatch.db' }, folder.path)).toEqual({
    ledgerPath: single,
    name: 'one',
  });
  expect(chooseJob({ ...NONE, ledger: single }, '/')).toEqual({ ledgerPath: single, name: 'one' });
  expect(chooseJob({ ...NONE, job: ledgerPath, jobName: '晚班' }, '/')).toEqual({
    ledgerPath,
    name: '晚班',
  });
  expect(chooseJob({ ...NONE, ledger: ledgerPath, job: '早班' }, folder.path).name).toBe('早班');
  expect(() => chooseJob({ ...NONE, ledger: ledgerPath }, folder.path)).toThrow(UsageError);
  expect(() => chooseJob({ ...NONE, ledger: ledgerPath, jobName: '夜班' }, folder.path)).toThrow(
    expect.objectContaining({ exitCode: 66 }),
  );
});

test('chooseJob: a ledger of any name is known by its content', () => {
  const other = openLedger(at('ledger.sqlite'));
  addJob(other, SAMPLE, { name: 'exam', inputPath: at('exam.jsonl') });
  other.close();
  expect(chooseJob({ ...NONE, job: 'ledger.sqlite' }, folder.path)).toEqual({
    ledgerPath: at('ledger.sqlite'),
    name: 'exam',
  });
});

test('chooseJob: a job name, in whatever ledger of the folder', () => {
  const ledgerPath = makeLedger('two', '早班', '晚班');
  expect(chooseJob({ ...NONE, job: '晚班' }, folder.path)).toEqual({ ledgerPath, name: '晚班' });
  expect(chooseJob({ ...NONE, jobName: '晚班' }, folder.path)).toEqual({
    ledgerPath,
    name: '晚班',
  });
  expect(() => chooseJob({ ...NONE, job: '夜班' }, folder.path)).toThrow(
    expect.objectContaining({ exitCode: 66 }),
  );
});

test('chooseJob: an input path, by the ledger beside it, whether or not the input is still there', () => {
  const ledgerPath = makeLedger('exam', 'exam');
  for (const job of ['exam.jsonl', at('exam.jsonl'), 'exam.jsonl.gz', './exam.jsonl']) {
    expect(chooseJob({ ...NONE, job }, folder.path)).toEqual({ ledgerPath, name: 'exam' });
  }
});

test('chooseJob: an input path whose ledger holds several jobs, the one of that input', () => {
  const ledgerPath = makeLedger('exam', 'exam', 'other');
  expect(chooseJob({ ...NONE, job: at('exam.jsonl') }, '/')).toEqual({ ledgerPath, name: 'exam' });
  expect(() => chooseJob({ ...NONE, job: 'exam.jsonl', jobName: 'other' }, folder.path)).toThrow(
    InputError,
  );
});

test('chooseJob: an input path, by a ledger of this folder that names the input, also through a link', () => {
  const ledgerPath = makeLedger('all', 'exam');
  writeFileSync(at('exam.jsonl'), '{}\n');
  symlinkSync(at('exam.jsonl'), at('today.jsonl'));
  expect(chooseJob({ ...NONE, job: 'exam.jsonl' }, folder.path)).toEqual({
    ledgerPath,
    name: 'exam',
  });
  expect(chooseJob({ ...NONE, job: 'today.jsonl' }, folder.path)).toEqual({
    ledgerPath,
    name: 'exam',
  });
});

test('chooseJob: an input that is gone, through a link to its folder', () => {
  const ledgerPath = makeLedger('all', 'exam');
  symlinkSync(folder.path, at('link'));
  expect(chooseJob({ ...NONE, job: 'link/exam.jsonl' }, folder.path)).toEqual({
    ledgerPath,
    name: 'exam',
  });
});

test('chooseJob: an input without a ledger here, 66; a ledger elsewhere is thought of before a new run', () => {
  writeFileSync(at('new.jsonl'), '{}\n');
  expect(() => chooseJob({ ...NONE, job: 'new.jsonl' }, folder.path)).toThrow(
    expect.objectContaining({
      exitCode: 66,
      hint: 'if it was run with --ledger FILE, name that ledger; otherwise start it with: qbatch run new.jsonl',
    }),
  );
});

test('chooseJob: an output of a job, 66 and the job; it is nothing to run', () => {
  const ledgerPath = makeLedger('exam', 'exam');
  const { job } = jobsOfFolder(folder.path).jobs[0] ?? {};
  const output = path.basename(job?.resultsPath ?? '');
  writeFileSync(at(output), '{}\n');
  expect(() => chooseJob({ ...NONE, job: output }, folder.path)).toThrow(
    expect.objectContaining({
      exitCode: 66,
      hint: `it is an output of a job of this folder: name the job exam, or ${ledgerPath}`,
    }),
  );
  expect(() => findLedgers(at(output))).toThrow(
    expect.objectContaining({
      exitCode: 66,
      hint: expect.stringContaining('qbatch status') as string,
    }),
  );
});

test('chooseJob: a folder, 66 and how to list its jobs; it is nothing to run', () => {
  mkdirSync(at('sub'));
  expect(() => chooseJob({ ...NONE, job: 'sub' }, folder.path)).toThrow(
    expect.objectContaining({
      exitCode: 66,
      hint: 'it is a folder: qbatch jobs sub lists its jobs',
    }),
  );
});

test('chooseJob: a ledger that is missing or none, 66 and 78', () => {
  expect(() => chooseJob({ ...NONE, ledger: 'missing.qbatch.db' }, folder.path)).toThrow(
    expect.objectContaining({ exitCode: 66 }),
  );
  writeFileSync(at('broken.qbatch.db'), '这不是账本'.repeat(2000));
  expect(() => chooseJob({ ...NONE, job: 'broken.qbatch.db' }, folder.path)).toThrow(
    expect.objectContaining({ exitCode: 78 }),
  );
});

test('chooseJob: a job whose run is still checking the input, said so (66) however it is named', () => {
  const ledgerPath = at('exam.qbatch.db');
  const ledger = openLedger(ledgerPath, 'exam');
  writeFileSync(at('exam.jsonl'), '{}\n');
  const told = `job exam is not in ${ledgerPath} yet: its run is still checking the input (process ${process.pid} on `;
  const refused = expect.objectContaining({
    exitCode: 66,
    message: expect.stringContaining(told) as string,
  }) as Error;
  const choices = [
    NONE,
    { ...NONE, job: ledgerPath },
    { ...NONE, job: 'exam.jsonl' },
    { ...NONE, job: 'exam' },
    { ...NONE, jobName: 'exam' },
    { ...NONE, ledger: ledgerPath, jobName: 'exam' },
  ];
  for (const choice of choices) expect(() => chooseJob(choice, folder.path)).toThrow(refused);
  expect(() => chooseJob(NONE, folder.path, 'resume')).toThrow(refused);
  addJob(ledger, SAMPLE, { name: 'other', inputPath: at('other.jsonl') });
  expect(() => chooseJob({ ...NONE, ledger: ledgerPath, jobName: 'exam' }, '/')).toThrow(refused);
  expect(chooseJob(NONE, folder.path).name).toBe('other');
  addJob(ledger, SAMPLE, { name: 'exam', inputPath: at('exam.jsonl') });
  const unknown = { ...NONE, ledger: ledgerPath, jobName: 'none' };
  expect(() => chooseJob(unknown, '/')).toThrow(`${ledgerPath} holds no job none`);
  ledger.close();
});

test('jobsOfFolder: a broken ledger hides no other, and is told where nothing else is found', () => {
  writeFileSync(at('broken.qbatch.db'), 'no database'.repeat(1000));
  expect(() => chooseJob(NONE, folder.path)).toThrow(expect.objectContaining({ exitCode: 78 }));
  makeLedger('exam', 'exam');
  const { jobs, unreadable } = jobsOfFolder(folder.path);
  expect(jobs.map(({ job }) => job.name)).toEqual(['exam']);
  expect(unreadable).toEqual([expect.any(QbatchError)]);
  expect(chooseJob(NONE, folder.path).name).toBe('exam');
});

test('chooseJobs: a ledger, all its jobs; nothing named, all jobs of the folder', () => {
  const two = makeLedger('two', '早班', '晚班*');
  makeLedger('one', 'one');
  expect(chooseJobs({ ...NONE, job: two }, '/').map(({ name }) => name)).toEqual(['早班', '晚班']);
  expect(chooseJobs(NONE, folder.path)).toHaveLength(3);
});
