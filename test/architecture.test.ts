import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UNDICI_VERSION, VERSION } from '../src/version.ts';

// What the linter cannot say about where code may live; .ci/oxlint.json says the rest.

type Module = {
  /** Below `src`, with slashes: `ledger/database.ts`. */
  readonly path: string;
  readonly text: string;
  /** What it loads at run time: paths below `src`, or names of packages and of Node's modules. */
  readonly loads: readonly string[];
};

const STATIC = /^(?:import|export)\s+(?!type\b)(?:[^;'"]*?\sfrom\s+)?'([^']+)'/gm;
const DYNAMIC = /\b(?:import|require)\(\s*['"`]([^'"`]+)['"`]/g;

function readModule(path: string): Module {
  const text = readFileSync(join('src', path), 'utf8');
  const names = [STATIC, DYNAMIC].flatMap((form) =>
    [...text.matchAll(form)].map(([, name = '']) => name),
  );
  const loads = names.map((name) =>
    name.startsWith('.') ? slashed(normalize(join(dirname(path), name))) : name,
  );
  return { path, text, loads };
}

function slashed(path: string): string {
  return path.split(sep).join('/');
}

const modules: readonly Module[] = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map(slashed)
  .filter((path) => path.endsWith('.ts'))
  .map(readModule);

/** `path: what it loads` for every load that `isWrong` says must not be. */
function wrongLoads(isWrong: (load: string, path: string) => boolean): readonly string[] {
  return modules.flatMap(({ path, loads }) =>
    loads.filter((load) => isWrong(load, path)).map((load) => `${path}: ${load}`),
  );
}

const folderOf = (path: string): string =>
  path.includes('/') ? path.slice(0, path.indexOf('/')) : '';

/** Decisions: what these folders do depends on their arguments alone. */
const PURE_FOLDERS = new Set([
  'json',
  'schemas',
  'models',
  'pricing',
  'protocols',
  'report',
  'limits',
]);
const PURE_FILES = new Set([
  'backoff.ts',
  'classify.ts',
  'config/durations.ts',
  'encode.ts',
  'error-codes.ts',
  'input/apply-defaults.ts',
  'input/line-shape.ts',
  'input/open-object.ts',
  'parse.ts',
  'plan.ts',
  'pricing.ts',
  'read-usage.ts',
  'redact.ts',
]);
const EFFECTS =
  /^(?:node:(?:fs|http|https|net|tls|child_process|worker_threads|os|readline)(?:\/.*)?|better-sqlite3|undici)$/;

/** Which folders a folder may load; those not named may load all but `commands`. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  json: ['json'],
  files: ['files'],
  schemas: ['schemas', 'models', 'protocols', 'json'],
  models: ['models', 'json'],
  protocols: ['protocols', 'json'],
  limits: ['limits'],
  report: ['report', 'reporters', 'json'],
  dashboard: ['dashboard', 'ledger', 'report', 'reporters', 'json'],
  // What runs in the browser; amounts look there as they do in a terminal.
  page: ['page', 'reporters'],
  reporters: ['reporters', 'json'],
  // The simulator stands for the service: shared code would make both wrong in the same way.
  simulator: ['simulator'],
  config: ['config', 'command-line', 'files', 'json', 'simulator'],
  'command-line': ['command-line', 'config', 'simulator'],
  input: ['input', 'json', 'models', 'output', 'protocols', 'schemas'],
  output: ['output', 'files', 'json', 'ledger', 'pricing'],
  ledger: ['ledger', 'files', 'json', 'models', 'input', 'output'],
  tokenizer: ['tokenizer'],
  call: ['call', 'protocols'],
  execute: ['execute', 'ledger'],
  pricing: ['pricing', 'json', 'ledger'],
};

/** The few packages, each with the one place that may load it. */
const PACKAGE_PLACES: Readonly<Record<string, RegExp>> = {
  'better-sqlite3': /^ledger\/database\.ts$/,
  'better-sqlite3-node-api': /^ledger\/database\.ts$/,
  undici: /^call\.ts$/,
  yargs: /^command-line\/args\.ts$/,
  'cli-progress': /^reporters\/tty\.ts$/,
  'p-limit': /^limits\//,
  'image-size': /^models\/media-size\.ts$/,
  'tiktoken/lite/init': /^tokenizer\/exact-tokens\.ts$/,
  'hyparquet-writer': /^report\/parquet\.ts$/,
  uplot: /^page\/plot\.ts$/,
  zod: /^(?:schemas\/|models\/|config\/settings-schema\.ts$)/,
};

/** The program and the library: they alone start commands. */
const ENTRIES = new Set(['main.ts', 'index.ts']);

describe('the modules of src', () => {
  it('the graph: is read (some known loads are in it)', () => {
    const loadsOf = (path: string): readonly string[] =>
      modules.find((module) => module.path === path)?.loads ?? [];
    expect(loadsOf('command-line/args.ts')).toEqual(
      expect.arrayContaining(['yargs', 'command-line/command-specs.ts']),
    );
    expect(loadsOf('ledger/database.ts')).toEqual(
      expect.arrayContaining(['better-sqlite3', 'errors.ts']),
    );
  });

  it('decisions: load nothing that reads, writes, or talks to a network', () => {
    const wrong = wrongLoads(
      (load, path) =>
        (PURE_FOLDERS.has(folderOf(path)) || PURE_FILES.has(path)) && EFFECTS.test(load),
    );
    expect(wrong).toEqual([]);
  });

  it('the list of decisions: names files that exist', () => {
    const paths = new Set(modules.map((module) => module.path));
    expect([...PURE_FILES].filter((path) => !paths.has(path))).toEqual([]);
  });

  it('folders: load only the folders below them, and only the entries a command', () => {
    const wrong = wrongLoads((load, path) => {
      const [from, to] = [folderOf(path), folderOf(load)];
      if (!load.endsWith('.ts') || to === '') return false;
      if (to === 'commands') return from !== 'commands' && !ENTRIES.has(path);
      return LAYERS[from]?.includes(to) === false;
    });
    expect(wrong).toEqual([]);
  });

  it('packages: are loaded in their one place, with require and import() too', () => {
    const wrong = wrongLoads((load, path) => {
      const isPackage = !load.startsWith('node:') && !load.endsWith('.ts');
      return isPackage && PACKAGE_PLACES[load]?.test(path) !== true;
    });
    expect(wrong).toEqual([]);
  });

  it('clients that others wrote: are loaded by the tests of the simulator with them alone', () => {
    const clients = /^import [^;]*?\sfrom '(openai|ai|@ai-sdk)(?:\/[^']*)?';$/m;
    const users = readdirSync('test', { recursive: true, encoding: 'utf8' })
      .map(slashed)
      .filter(
        (path) => path.endsWith('.ts') && clients.test(readFileSync(join('test', path), 'utf8')),
      );
    expect(users.toSorted()).toEqual(['clients/ai-sdk.test.ts', 'clients/openai.test.ts']);
    expect(wrongLoads((load) => /^(?:openai|ai|@ai-sdk)(?:\/|$)/.test(load))).toEqual([]);
  });

  it('the start of the program: loads no package and no command before it knows which', () => {
    const seen = new Set<string>();
    const visit = (path: string): void => {
      if (seen.has(path)) return;
      seen.add(path);
      const { text = '' } = modules.find((module) => module.path === path) ?? {};
      for (const [, name = ''] of text.matchAll(STATIC)) {
        visit(name.startsWith('.') ? slashed(normalize(join(dirname(path), name))) : name);
      }
    };
    visit('cli.ts');
    const early = [...seen].filter(
      (path) =>
        (!path.endsWith('.ts') && !path.startsWith('node:')) ||
        ['commands', 'ledger', 'simulator', 'schemas'].includes(folderOf(path)),
    );
    expect(early).toEqual([]);
  });

  it('file names: are in kebab-case', () => {
    const wrong = modules.filter(({ path }) => !/^(?:[a-z0-9]+(?:-[a-z0-9]+)*[/.])+ts$/.test(path));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});

function versionIn(path: string): string {
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

describe('the package', () => {
  it('version: is the same in package.json and in the program', () => {
    expect(VERSION).toBe(versionIn('package.json'));
  });

  it("undici's version: is that of the package that is bundled", () => {
    expect(UNDICI_VERSION).toBe(versionIn('node_modules/undici/package.json'));
  });
});
