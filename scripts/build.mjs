// Builds dist/: `dist/cli.js` (the program), `dist/index.js` (the library), `dist/count-worker.js`
// (counts tokens in a thread) and `dist/report-worker.js` (reads a ledger in a thread) with shared
// chunks, loaded as commands need them; `dist/report-page.json` (the report's page); what the tokenizer
// reads; `dist/types` (declarations); `dist/third-party-licenses.txt`.
// Everything but better-sqlite3, which has a native part, is bundled: what was tested is what runs, and a
// faster start: the packages load in 90 ms in place of 285 ms (Node 20.20, 2 cores).
import { execFile, execFileSync } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { buildPage } from './build-page.mjs';
import { loadSource } from './load-source.mjs';
import { licencesOf } from './third-party-licences.mjs';

const SHEBANG = '#!/usr/bin/env node\n';

const root = fileURLToPath(new URL('..', import.meta.url));

// CommonJS packages ask for Node's own modules with `require`, which ES modules do not have.
const REQUIRE =
  "import { createRequire as createBundleRequire } from 'node:module'; const require = createBundleRequire(import.meta.url);";

// undici's index also loads fetch, web sockets, caches and mocks: two thirds of its time to load. Of the
// program's own words only these are asked for (src/call.ts); anything else fails the build.
const UNDICI_PARTS = {
  EnvHttpProxyAgent: 'undici/lib/dispatcher/env-http-proxy-agent.js',
  Pool: 'undici/lib/dispatcher/pool.js',
  buildConnector: 'undici/lib/core/connect.js',
};

// What undici's index adds to every dispatcher; the tunnel through a proxy is asked for with it.
const UNDICI_CONNECT = `
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import connect from 'undici/lib/api/api-connect.js';
Dispatcher.prototype.connect = connect;
`;

const onlyWhatIsUsedOfUndici = {
  name: 'only-what-is-used-of-undici',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, () => ({ path: 'undici', namespace: 'undici-parts' }));
    onLoad({ filter: /.*/, namespace: 'undici-parts' }, () => ({
      contents: Object.entries(UNDICI_PARTS)
        .map(([name, path]) => `export { default as ${name} } from '${path}';`)
        .join('\n')
        .concat(UNDICI_CONNECT),
      resolveDir: root,
    }));
  },
};

// yargs brings three versions of string-width, each of which loads tables of graphemes and emoji before a
// command line is parsed (35 of 400 ms). Its help is measured with the function that measures our tables.
const widthAsInTables = {
  name: 'width-as-in-tables',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^string-width$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'string-width', namespace: 'text-width' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'text-width' }, () => ({
      contents: "export { textWidth as default } from './src/reporters/text-width.ts';",
      resolveDir: root,
    }));
  },
};

const result = await build({
  absWorkingDir: root,
  entryPoints: {
    cli: 'src/cli.ts',
    index: 'src/index.ts',
    'report-worker': 'src/dashboard/report-worker.ts',
    'count-worker': 'src/tokenizer/count-worker.ts',
  },
  outdir: 'dist',
  // Flat: a module finds package.json at ../package.json in src and in dist alike.
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: ['better-sqlite3', 'better-sqlite3-node-api'],
  plugins: [onlyWhatIsUsedOfUndici, widthAsInTables],
  banner: { js: REQUIRE },
  legalComments: 'none',
  charset: 'utf8',
  metafile: true,
  // An error leaves the last build alone.
  write: false,
  logLevel: 'warning',
});
const page = await buildPage(root);
await rm(`${root}dist`, { recursive: true, force: true });
await mkdir(`${root}dist`);
for (const file of result.outputFiles) await writeFile(file.path, file.contents);
await writeFile(`${root}dist/report-page.json`, JSON.stringify(page.assets));
// What the tokenizer reads beside itself (see src/tokenizer/tokenizer-files.ts).
for (const path of [
  'src/tokenizer/qwen3-vocabulary.br',
  'node_modules/tiktoken/lite/tiktoken_bg.wasm',
]) {
  await copyFile(`${root}${path}`, `${root}dist/${path.slice(path.lastIndexOf('/') + 1)}`);
}
await writeFile(
  `${root}dist/third-party-licenses.txt`,
  await licencesOf(root, [...Object.keys(result.metafile.inputs), ...page.inputs]),
);
const program = await readFile(`${root}dist/cli.js`, 'utf8');
if (!program.startsWith('#!')) await writeFile(`${root}dist/cli.js`, SHEBANG + program);
await chmod(`${root}dist/cli.js`, 0o755);
await writeFile(`${root}dist/help.json`, JSON.stringify(await helpTexts()));
execFileSync(
  process.execPath,
  ['node_modules/typescript/bin/tsc', '-p', '.ci/tsconfig.types.json'],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
await keepPublicTypes(`${root}dist/types/`, 'index.d.ts');

// The compiler declares every module that the library is made of; kept are those that its own declarations name:
// of 250 files some 15, so that an editor does not offer the others.
async function keepPublicTypes(folder, entry) {
  const texts = new Map([[entry, '']]);
  for (const file of texts.keys()) {
    const text = await readFile(`${folder}${file}`, 'utf8');
    texts.set(file, text);
    for (const [, name] of text.matchAll(/(?:from |import\()['"]([^'"]+)['"]/g)) {
      // What a user may not have must not be needed to compile against the library.
      if (!name.startsWith('.')) throw new Error(`dist/types/${file} needs the types of ${name}`);
      const named = posix.join(posix.dirname(file), name.replace(/\.ts$/, '.d.ts'));
      if (!texts.has(named)) texts.set(named, '');
    }
  }
  await rm(folder, { recursive: true });
  for (const [file, text] of texts) {
    await mkdir(`${folder}${posix.dirname(file)}`, { recursive: true });
    await writeFile(`${folder}${file}`, text);
  }
}

// Help is the same for everyone, so it is made here once and not at every `--help` (see src/command-line/quick-answer.ts).
async function helpTexts() {
  const { COMMANDS } = await loadSource(['command-line/command-specs.ts']);
  const names = ['', ...COMMANDS.flatMap(({ name, aliases }) => [name, ...aliases])];
  const texts = names.map(async (name) => {
    const args = [`${root}dist/cli.js`, ...(name === '' ? [] : [name]), '--help'];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return [name, stdout];
  });
  return Object.fromEntries(await Promise.all(texts));
}
