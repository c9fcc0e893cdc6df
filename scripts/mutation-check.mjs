// Whether the tests of durability notice faults: seeded bugs are put into a copy of the source one by
// one, and a test must fail for each. `node scripts/mutation-check.mjs` tries all, with names some of
// them; `--check` only looks whether each still fits the source. Fails if one survives or does not fit.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const POWER_LOSS = { test: 'test/crash/power-loss.test.ts', settings: { CRASH_IMAGES: '200' } };
const KILLS = { test: 'test/crash/kill.test.ts', settings: { CRASH_KILLS: '60' } };
const SIMULATION = {
  test: 'test/simulation/simulation.test.ts',
  settings: { SIM_CALLS: '20000' },
};
const LOST_FILES = { test: 'test/cli/lost-files.test.ts', settings: {} };

/** Name, where, what is exchanged (each text is in its file exactly once), and the test that must fail. */
const MUTANTS = [
  {
    name: 'synchronous=NORMAL',
    file: 'src/ledger/open.ts',
    edits: [
      [
        "pragma('synchronous = FULL');\n    const level",
        "pragma('synchronous = NORMAL');\n    const level",
      ],
      ['if (level !== 2)', 'if (level !== 1)'],
    ],
    by: POWER_LOSS,
  },
  {
    name: 'checkpoint without a sync',
    file: 'src/ledger/ledger.ts',
    edits: [
      [
        '    this.statements.commit.run();\n',
        '    this.statements.commit.run();\n' +
          '    if (this.counter % 64 === 63) {\n' +
          "      this.database.pragma('synchronous = OFF');\n" +
          "      this.database.pragma('wal_checkpoint');\n" +
          "      this.database.pragma('synchronous = FULL');\n" +
          '    }\n',
      ],
    ],
    by: POWER_LOSS,
  },
  {
    name: 'a call leaves before its start is durable',
    file: 'src/settle.ts',
    edits: [
      [
        'const isWritten = await context.journal.started({',
        'const isWritten = true;\n    void context.journal.started({',
      ],
    ],
    by: POWER_LOSS,
  },
  {
    name: 'told before the commit',
    file: 'src/job.ts',
    edits: [
      [
        '    for (const written of commits.commit(batch, at)) {\n',
        '    reportSettled(batch, options.report);\n    for (const written of commits.commit(batch, at)) {\n',
      ],
      ['      reportSettled(written, options.report);\n', ''],
    ],
    by: POWER_LOSS,
  },
  {
    name: 'files written before the commit',
    file: 'src/job.ts',
    edits: [
      [
        '    for (const written of commits.commit(batch, at)) {\n',
        '    await writer?.settled(batch.settled, { frontier: batch.frontier, lastSeq: commits.lastSeq + batch.settled.length });\n' +
          '    for (const written of commits.commit(batch, at)) {\n',
      ],
      [
        '        await writer?.settled(written.settled, {\n          frontier: batch.frontier,\n          lastSeq: commits.lastSeq,\n        });\n',
        '',
      ],
    ],
    by: POWER_LOSS,
  },
  {
    name: 'what a full disk held up is lost',
    file: 'src/execute/pending-batch.ts',
    edits: [['ends: [...left.ends, ...since.batch.ends]', 'ends: since.batch.ends']],
    by: SIMULATION,
  },
  {
    name: 'a call leaves whose start found no room',
    file: 'src/execute/hold.ts',
    edits: [['this.starts?.resolve(false);', 'this.starts?.resolve(true);']],
    by: SIMULATION,
  },
  {
    name: 'a locked ledger drops the calls in flight',
    file: 'src/ledger/busy.ts',
    edits: [['(isNoRoom(error) || isBusy(error))', 'isNoRoom(error)']],
    by: { test: 'test/job/commits.test.ts', settings: {} },
  },
  {
    name: 'lines are numbered before their commit',
    file: 'src/job/commits.ts',
    edits: [
      ['    this.seq += batch.settled.length;\n', ''],
      [
        '    const seqBefore = this.seq;\n',
        '    const seqBefore = this.seq;\n    this.seq += batch.settled.length;\n',
      ],
    ],
    by: { test: 'test/job/commits.test.ts', settings: {} },
  },
  {
    name: 'cursor one line ahead',
    file: 'src/write.ts',
    edits: [['      line: this.line,\n', '      line: this.line + 1,\n']],
    by: SIMULATION,
  },
  {
    name: 'cursor before the files are synced',
    file: 'src/output/output-file.ts',
    edits: [['      await datasync(this.file);\n', '']],
    by: POWER_LOSS,
  },
  {
    name: 'new files without their entry in the folder',
    file: 'src/output/output-file.ts',
    edits: [['      if (!this.entrySynced) syncFolder(this.path);\n', '']],
    by: POWER_LOSS,
  },
  {
    name: 'appended behind a torn tail',
    file: 'src/output/output-file.ts',
    edits: [
      [
        '      if (size > bytes) ftruncateSync(this.file, bytes);\n      this.position = bytes;',
        '      this.position = size;',
      ],
    ],
    by: KILLS,
  },
  {
    name: 'parts of a file that were lost taken for a change',
    file: 'src/output/reconcile.ts',
    edits: [["text.includes('\\0')", "text === '\\0'"]],
    by: POWER_LOSS,
  },
  {
    name: 'calls of unknown fate forgotten',
    file: 'src/ledger/possibly-billed.ts',
    edits: [
      [
        "(a.class IS NULL OR a.class = 'possibly_billed')",
        "(a.class = 'possibly_billed' AND a.code <> 'qbatch_interrupted')",
      ],
    ],
    by: KILLS,
  },
  {
    name: 'calls of dead runs left open',
    file: 'src/job.ts',
    edits: [
      [
        'ledger.transact(() => closeUnknownAttempts(ledger, job.id, { afterLine: settledTo, counted }));',
        'ledger.transact(() => closeUnknownAttempts(ledger, -1, settledTo));',
      ],
    ],
    by: KILLS,
  },
  {
    name: 'lock not taken',
    file: 'src/ledger/lock.ts',
    edits: [['COMMIT; BEGIN IMMEDIATE`', 'COMMIT`']],
    by: { test: 'test/ledger/lock.test.ts', settings: {} },
  },
  {
    name: 'mark not written',
    file: 'src/ledger/mark.ts',
    edits: [['      writeSync(file, bytes, 0, 8, 0);\n', '']],
    by: LOST_FILES,
  },
  {
    name: 'checksum not looked at',
    file: 'src/ledger/lines.ts',
    edits: [
      ['if (line.body !== null && crc32(line.body) !== checksum)', 'if (line.body === undefined)'],
    ],
    by: { test: 'test/commands/export.test.ts', settings: {} },
  },
];

const root = fileURLToPath(new URL('..', import.meta.url));

/** The file with the bug in it; throws where a text is not there exactly once. */
function mutated({ name, file, edits }) {
  let text = readFileSync(join(root, file), 'utf8');
  for (const [find, put] of edits) {
    const parts = text.split(find);
    if (parts.length !== 2)
      throw new Error(
        `"${name}" does not fit ${file}: ${parts.length - 1} times ${JSON.stringify(find)}`,
      );
    text = parts.join(put);
  }
  return text;
}

/** Builds the copy and runs one test in it. True where it passes. */
function passes(tree, { test, settings }) {
  const build = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: tree, encoding: 'utf8' });
  if (build.status !== 0 && !build.stdout.includes('error TS'))
    throw new Error(`the copy cannot be built: ${build.stdout}${build.stderr}`);
  const { status } = spawnSync(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--config',
      '.ci/vitest.config.ts',
      '--bail',
      '1',
      '--reporter',
      'dot',
      test,
    ],
    { cwd: tree, encoding: 'utf8', env: { ...process.env, ...settings } },
  );
  if (status !== 0 && status !== 1) throw new Error(`${test} ended with ${String(status)}`);
  return status === 0;
}

const asked = process.argv.slice(2);
const texts = new Map(MUTANTS.map((mutant) => [mutant, mutated(mutant)]));
if (asked[0] === '--check') {
  process.stdout.write(`${MUTANTS.length} seeded bugs fit the source\n`);
} else {
  const chosen = MUTANTS.filter(({ name }) => asked.length === 0 || asked.includes(name));
  if (chosen.length === 0)
    throw new Error(`there are: ${MUTANTS.map(({ name }) => name).join('; ')}`);
  const tree = mkdtempSync(join(tmpdir(), 'qbatch-mutants-'));
  try {
    for (const name of [
      'src',
      'test',
      'scripts',
      '.ci',
      'docs',
      'fixtures',
      'bench',
      'package.json',
      'tsconfig.json',
    ])
      cpSync(join(root, name), join(tree, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
    const tests = new Map(chosen.map(({ by }) => [by.test, by]));
    for (const by of tests.values())
      if (!passes(tree, by)) throw new Error(`${by.test} fails without any bug`);
    const survivors = [];
    for (const mutant of chosen) {
      const { name, file, by } = mutant;
      const before = readFileSync(join(tree, file), 'utf8');
      writeFileSync(join(tree, file), texts.get(mutant));
      const survived = passes(tree, by);
      writeFileSync(join(tree, file), before);
      if (survived) survivors.push(name);
      process.stdout.write(`${survived ? 'SURVIVED' : 'caught'}: ${name} (${file}; ${by.test})\n`);
    }
    process.stdout.write(
      `${chosen.length} seeded bugs, ${chosen.length - survivors.length} caught\n`,
    );
    process.exitCode = survivors.length === 0 ? 0 : 1;
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}
