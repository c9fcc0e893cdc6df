// Packs qbatch, installs the tarball into an empty folder as a user would, and uses it there, with this
// Node.js and with a newer one, which gets another better-sqlite3 (src/ledger/sqlite-package.ts).
// Needs a build. Only the native part of better-sqlite3 12 is linked from here, to spare compiling it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const PACKED_BYTES_MAX = 2 * 1024 * 1024;
const ALLOWED = /^(?:dist\/|package\.json$|README|LICENSE$|CHANGELOG\.md$)/;
const LINES = [
  { custom_id: 'greeting', model: 'qwen-plus', messages: [{ role: 'user', content: '你好' }] },
  { custom_id: 'capital', model: 'qwen-plus', prompt: 'What is the capital of France?' },
];
/** Enough for many garbage collections: one of three such runs with better-sqlite3 12 did not live through them. */
const MANY_LINES = 5_000;
/** From npm, by their hashes as of 2026-11-28. */
const NEWER_NODE = {
  version: '24.22.3',
  integrity: {
    'linux-x64':
      'sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==',
  },
};

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

/** `binFolder`: where another Node.js is. */
function run(command, args, folder, binFolder = null) {
  const path = [binFolder, process.env.PATH].filter((one) => one !== null).join(delimiter);
  return execFileSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PATH: path },
  });
}

/** Packs into `folder`; the path of the tarball, after a look at what is in it. */
function pack(folder) {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const [packed] = Object.values(JSON.parse(run('npm', args, root)));
  const paths = packed.files.map((file) => file.path);
  assert.deepEqual(
    paths.filter((path) => !ALLOWED.test(path)),
    [],
    'files that must not be packed',
  );
  for (const path of [
    'dist/cli.js',
    'dist/index.js',
    'dist/types/index.d.ts',
    'dist/count-worker.js',
    'dist/report-worker.js',
    'dist/report-page.json',
    'dist/qwen3-vocabulary.br',
    'dist/tiktoken_bg.wasm',
    'LICENSE',
  ]) {
    assert.ok(paths.includes(path), `${path} is not packed`);
  }
  assert.ok(packed.size <= PACKED_BYTES_MAX, `the tarball has ${packed.size} bytes`);
  return join(folder, packed.filename);
}

/** publint on what is really in the tarball: exports, types, program and files fit each other. */
async function lint(tarball) {
  const bytes = await readFile(tarball);
  const { messages } = await publint({
    strict: true,
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) },
  });
  const texts = messages.map((message) => formatMessage(message, manifest, { color: false }));
  assert.deepEqual(texts, [], 'publint');
}

async function install(tarball, folder, binFolder = null) {
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  const quiet = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  run('npm', ['install', ...quiet, tarball], folder, binFolder);
  if (binFolder !== null) return;
  const native = join(folder, 'node_modules', 'better-sqlite3');
  await rm(native, { recursive: true, force: true });
  await symlink(join(root, 'node_modules', 'better-sqlite3'), native);
}

async function useProgram(folder) {
  const program = join(folder, 'node_modules', '.bin', 'qbatch');
  assert.equal(run(program, ['--version'], folder).trim(), manifest.version);
  const text = LINES.map((line) => `${JSON.stringify(line)}\n`).join('');
  await writeFile(join(folder, 'questions.jsonl'), text);
  const flags = ['--model', 'qwen-plus', '--simulate', '--progress', 'none', '--json'];
  const summary = JSON.parse(run(program, ['run', 'questions.jsonl', ...flags], folder));
  assert.equal(summary.lines.answered, LINES.length);
  const results = await readFile(join(folder, 'questions.results.jsonl'), 'utf8');
  assert.equal(results.trimEnd().split('\n').length, LINES.length);
  assert.ok((await stat(join(folder, 'questions.qbatch.db'))).size > 0);
}

/** The library's example, which is the same in both READMEs. */
async function exampleOfReadme() {
  const [one, other] = await Promise.all(
    ['README.md', 'README.zh-CN.md'].map(async (name) => {
      const text = await readFile(join(root, name), 'utf8');
      return /^```ts\n(.*?)^```/ms.exec(text)?.[1];
    }),
  );
  assert.ok(
    one !== undefined && one === other,
    'the READMEs do not have one example of the library',
  );
  return one;
}

async function useLibrary(folder) {
  await writeFile(join(folder, 'use.ts'), await exampleOfReadme());
  const text = LINES.map((line) => `${JSON.stringify(line)}\n`).join('');
  await writeFile(join(folder, 'requests.jsonl'), text);
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const node = join(root, 'node_modules', '@types');
  for (const module of ['nodenext', 'preserve']) {
    const kind = ['--module', module, '--target', 'es2023', '--strict'];
    const types = ['--types', 'node', '--typeRoots', node];
    run(process.execPath, [tsc, ...kind, ...types, 'use.ts'], folder);
  }
  const told = run(process.execPath, ['use.js'], folder);
  for (const { custom_id: id } of LINES) assert.ok(told.includes(id), `the example tells no ${id}`);
  const look = `const all = Object.keys(await import('qbatch'));
const deep = await import('qbatch/dist/cli.js').catch((error) => error.code);
process.stdout.write(JSON.stringify({ all, deep }));`;
  const seen = JSON.parse(run(process.execPath, ['--input-type=module', '-e', look], folder));
  assert.ok(seen.all.length > 0, 'the library exports nothing');
  assert.equal(seen.deep, 'ERR_PACKAGE_PATH_NOT_EXPORTED');
}

/** Fetches the newer Node.js; the folder of its program, or null where it is not known by its hash. */
async function fetchNewerNode(folder) {
  const platform = `${process.platform}-${process.arch}`;
  const integrity = NEWER_NODE.integrity[platform];
  if (integrity === undefined) return null;
  await mkdir(folder);
  const [packed] = Object.values(
    JSON.parse(run('npm', ['pack', '--json', `node-${platform}@${NEWER_NODE.version}`], folder)),
  );
  assert.equal(packed.integrity, integrity, 'the newer Node.js is not the one that was tested');
  run('tar', ['xzf', packed.filename], folder);
  return join(folder, 'package', 'bin');
}

/** A job of many lines, with the better-sqlite3 of the newer Node.js, looked over at its end. */
async function useNewerNode(tarball, folder) {
  const bin = await fetchNewerNode(join(folder, 'node'));
  if (bin === null) return 'not tried with a newer one: no hash of it for this platform';
  const user = join(folder, 'newer');
  await mkdir(user);
  await install(tarball, user, bin);
  const program = join(user, 'node_modules', '.bin', 'qbatch');
  const { versions } = JSON.parse(run(program, ['debug', '--json'], user, bin));
  assert.equal(versions.node, NEWER_NODE.version);
  assert.match(versions['better-sqlite3'], /^13\./);
  const lines = Array.from({ length: MANY_LINES }, (_, at) => ({
    ...LINES[1],
    custom_id: `${at}`,
  }));
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  await writeFile(join(user, 'many.jsonl'), text);
  const flags = ['--simulate=latency=1ms', '--progress', 'none', '--json'];
  const summary = JSON.parse(run(program, ['run', 'many.jsonl', ...flags], user, bin));
  assert.equal(summary.lines.answered, MANY_LINES);
  run(program, ['status', '--verify', 'many.qbatch.db'], user, bin);
  return `and with Node.js ${versions.node}, better-sqlite3 ${versions['better-sqlite3']}`;
}

const folder = await mkdtemp(join(tmpdir(), 'qbatch-pack-'));
try {
  const tarball = pack(folder);
  await lint(tarball);
  await install(tarball, folder);
  await useProgram(folder);
  await useLibrary(folder);
  const newer = await useNewerNode(tarball, folder);
  process.stdout.write(`the packed qbatch ${manifest.version} installs and works; ${newer}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
