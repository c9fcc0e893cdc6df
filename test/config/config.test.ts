import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { resolveSettings } from '../../src/config/config.ts';
import { QbatchError } from '../../src/errors.ts';
import { configKey, environmentName, RUN_FLAGS } from '../../src/config/flags.ts';
import type { GivenFlags } from '../../src/command-line/parsed-command.ts';
import type { ResolvedSettings, Settings } from '../../src/settings.ts';

let root: string;
let home: string;
let cwd: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'qbatch-config-'));
  home = path.join(root, 'home');
  cwd = path.join(root, 'project', 'jobs');
  mkdirSync(cwd, { recursive: true });
  mkdirSync(path.join(home, '.config', 'qbatch'), { recursive: true });
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

type Env = Record<string, string | undefined>;

function resolve(flags: GivenFlags = {}, env: Env = {}): ResolvedSettings {
  return resolveSettings({ flags, env, cwd, home });
}

function refusal(flags: GivenFlags, env: Env = {}): QbatchError {
  try {
    resolve(flags, env);
  } catch (error) {
    if (error instanceof QbatchError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

function writeProject(content: unknown, folder = path.dirname(cwd)): string {
  const file = path.join(folder, 'qbatch.config.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

function writeUser(content: unknown): string {
  const file = path.join(home, '.config', 'qbatch', 'config.json');
  writeFileSync(file, JSON.stringify(content));
  return file;
}

/** cli.md section 5, by hand. */
const DEFAULTS: Settings = {
  output: undefined,
  errors: undefined,
  ledger: undefined,
  job: undefined,
  order: undefined,
  model: undefined,
  system: undefined,
  protocol: 'auto',
  set: new Map(),
  region: 'beijing',
  baseUrl: undefined,
  compatibleBaseUrl: undefined,
  workspace: undefined,
  allowHttp: false,
  concurrency: 'auto',
  rpm: new Map([['', 'auto']]),
  tpm: new Map([['', 'auto']]),
  queryLimits: false,
  maxAttempts: 6,
  timeoutMs: undefined,
  idleTimeoutMs: 120_000,
  connectTimeoutMs: 10_000,
  onAmbiguous: 'retry',
  maxUnreachableMs: 600_000,
  maxCost: undefined,
  maxDurationMs: undefined,
  maxFailures: undefined,
  confirmCost: undefined,
  yes: false,
  sample: undefined,
  catalog: undefined,
  currency: undefined,
  skipInvalid: false,
  strict: false,
  maxLineBytes: 33_554_432,
  dryRun: false,
  fresh: false,
  acceptChangedInput: false,
  adoptOutputs: false,
  simulate: undefined,
  dashboard: false,
  progress: 'auto',
  quiet: false,
  color: 'auto',
  json: false,
  debug: false,
};

/** By flag: text that it takes, the same as JSON where that differs, and the setting it becomes. */
const VALUES: Readonly<Record<string, { text: string; json?: unknown; setting: unknown }>> = {
  output: { text: '/data/答案.jsonl', setting: '/data/答案.jsonl' },
  errors: { text: '/data/e.jsonl', setting: '/data/e.jsonl' },
  ledger: { text: '/data/l.db', setting: '/data/l.db' },
  job: { text: 'nightly', setting: 'nightly' },
  order: { text: 'settled', setting: 'settled' },
  model: { text: 'qwen-plus', setting: 'qwen-plus' },
  system: { text: '你是一名翻译。\nBe brief.', setting: '你是一名翻译。\nBe brief.' },
  protocol: { text: 'openai', setting: 'openai' },
  set: { text: 'top_p=0.80', json: { top_p: 0.8 }, setting: undefined },
  region: { text: 'singapore', setting: 'singapore' },
  'base-url': {
    text: 'https://proxy.example.com/api/v1/',
    setting: 'https://proxy.example.com/api/v1',
  },
  'compatible-base-url': { text: 'http://127.0.0.1:8000/v1', setting: 'http://127.0.0.1:8000/v1' },
  workspace: { text: 'llm-8abc', setting: 'llm-8abc' },
  'allow-http': { text: 'true', json: true, setting: true },
  concurrency: { text: '32', json: 32, setting: 32 },
  rpm: { text: '600', json: 600, setting: new Map([['', 600]]) },
  tpm: {
    text: 'qwen-plus=100000',
    json: { 'qwen-plus': 100_000 },
    setting: new Map([['qwen-plus', 100_000]]),
  },
  'max-attempts': { text: '3', json: 3, setting: 3 },
  timeout: { text: '90', json: 90, setting: 90_000 },
  'idle-timeout': { text: '1500ms', setting: 1500 },
  'connect-timeout': { text: '2.5s', setting: 2500 },
  'query-limits': { text: 'true', json: true, setting: true },
  'on-ambiguous': { text: 'fail', setting: 'fail' },
  'max-unreachable': { text: '0', json: 0, setting: 0 },
  'max-cost': { text: '12.50', setting: '12.50' },
  'max-duration': { text: '8h', setting: 28_800_000 },
  'max-failures': { text: '5%', setting: { percent: 5 } },
  'confirm-cost': { text: '20', json: 20, setting: '20' },
  yes: { text: 'true', json: true, setting: true },
  sample: { text: '50', json: 50, setting: 50 },
  catalog: { text: '/data/catalog.json', setting: '/data/catalog.json' },
  currency: { text: 'USD', setting: 'USD' },
  'skip-invalid': { text: 'true', json: true, setting: true },
  strict: { text: 'true', json: true, setting: true },
  'max-line': { text: '64MiB', setting: 67_108_864 },
  'dry-run': { text: 'true', json: true, setting: true },
  simulate: {
    text: 'rpm=600,tpm=100000,latency=200ms,errors=2%,seed=7',
    setting: { rpm: 600, tpm: 100_000, latencyMs: 200, errorRate: 0.02, seed: 7 },
  },
  fresh: { text: 'true', json: true, setting: true },
  'accept-changed-input': { text: 'true', json: true, setting: true },
  'adopt-outputs': { text: 'true', json: true, setting: true },
  progress: { text: 'json', setting: 'json' },
  quiet: { text: 'true', json: true, setting: true },
  color: { text: 'never', setting: 'never' },
  json: { text: 'true', json: true, setting: true },
  dashboard: { text: 'true', json: true, setting: true },
  debug: { text: 'true', json: true, setting: true },
};

describe('resolveSettings: every setting, from every source', () => {
  it('is the documented defaults where nobody says anything', () => {
    const { settings, origins, projectFile } = resolve();
    expect(settings).toStrictEqual(DEFAULTS);
    expect(new Set(origins.values())).toEqual(new Set(['default']));
    expect(origins.size).toBe(RUN_FLAGS.length);
    expect(projectFile).toBeUndefined();
  });

  it('covers every flag with a value', () => {
    expect(Object.keys(VALUES).toSorted()).toEqual(RUN_FLAGS.map((flag) => flag.name).toSorted());
    expect(Object.keys(DEFAULTS).toSorted()).toEqual(
      RUN_FLAGS.map((flag) => flag.setting).toSorted(),
    );
  });

  it.each(RUN_FLAGS.map((flag) => [flag.name, flag] as const))('%s', (name, flag) => {
    const value = VALUES[name];
    if (value === undefined) throw new Error(`no value for ${name}`);
    const typed = flag.type === 'boolean' ? true : flag.repeatable ? [value.text] : value.text;
    const fromFlag = resolve({ [name]: typed });
    const fromEnv = resolve({}, { [environmentName(name)]: value.text });
    const file = writeProject({ [configKey(name)]: value.json ?? value.text });
    const fromFile = resolve();
    const wanted = { ...DEFAULTS, [flag.setting]: value.setting };
    const wantedText = name === 'set' ? { ...DEFAULTS, set: new Map([['top_p', '0.80']]) } : wanted;
    const wantedJson = name === 'set' ? { ...DEFAULTS, set: new Map([['top_p', '0.8']]) } : wanted;
    expect(fromFlag.settings).toStrictEqual(wantedText);
    expect(fromEnv.settings).toStrictEqual(wantedText);
    expect(fromFile.settings).toStrictEqual(wantedJson);
    expect(fromFlag.origins.get(flag.setting)).toBe('flag');
    expect(fromEnv.origins.get(flag.setting)).toBe(environmentName(name));
    expect(fromFile.origins.get(flag.setting)).toBe(file);
    expect(fromFile.projectFile).toBe(file);
  });
});

describe('resolveSettings: precedence', () => {
  it('flags over environment over project file over user file over defaults', () => {
    const user = writeUser({ maxAttempts: 2 });
    expect(resolve().settings.maxAttempts).toBe(2);
    expect(resolve().origins.get('maxAttempts')).toBe(user);
    writeProject({ 'max-attempts': 3 });
    expect(resolve().settings.maxAttempts).toBe(3);
    const env = { QBATCH_MAX_ATTEMPTS: '4' };
    expect(resolve({}, env).settings.maxAttempts).toBe(4);
    expect(resolve({ 'max-attempts': '5' }, env).settings.maxAttempts).toBe(5);
  });

  it('takes the nearest project file upward', () => {
    writeProject({ model: 'qwen-max' }, root);
    expect(resolve().settings.model).toBe('qwen-max');
    const near = writeProject({ model: 'qwen-flash' }, cwd);
    expect(resolve().settings.model).toBe('qwen-flash');
    expect(resolve().projectFile).toBe(near);
  });

  it('finds the user file under XDG_CONFIG_HOME, ignoring a relative one', () => {
    writeUser({ model: 'qwen-plus' });
    const other = path.join(root, 'xdg');
    mkdirSync(path.join(other, 'qbatch'), { recursive: true });
    writeFileSync(path.join(other, 'qbatch', 'config.json'), '{"model":"qwen-max"}');
    expect(resolve({}, { XDG_CONFIG_HOME: other }).settings.model).toBe('qwen-max');
    expect(resolve({}, { XDG_CONFIG_HOME: 'xdg' }).settings.model).toBe('qwen-plus');
  });

  it('without a home: no user file but under XDG_CONFIG_HOME', () => {
    writeUser({ model: 'qwen-plus' });
    const sources = { flags: {}, cwd, home: null };
    expect(resolveSettings({ ...sources, env: {} }).settings.model).toBeUndefined();
    const env = { XDG_CONFIG_HOME: path.join(home, '.config') };
    expect(resolveSettings({ ...sources, env }).settings.model).toBe('qwen-plus');
  });

  it('a switch can be switched off by a higher source', () => {
    writeProject({ strict: true, simulate: 'rpm=60' });
    expect(resolve({ strict: false, simulate: 'false' }).settings).toMatchObject({
      strict: false,
      simulate: undefined,
    });
    expect(resolve({}, { QBATCH_STRICT: 'OFF', QBATCH_SIMULATE: '0' }).settings.strict).toBe(false);
  });

  it('lists and maps replace each other as wholes', () => {
    writeProject({ rpm: { 'qwen-plus': 60, 'qwen-max': 30 }, set: { seed: 7 } });
    const { settings } = resolve({ rpm: ['qwen-plus=600', '1200'], set: ['temperature=0'] });
    expect(settings.rpm).toEqual(
      new Map<string, number>([
        ['qwen-plus', 600],
        ['', 1200],
      ]),
    );
    expect(settings.set).toEqual(new Map([['temperature', '0']]));
  });

  it('paths in a configuration file are relative to it, - stays stdout', () => {
    writeProject({ catalog: 'prices.json', errors: '../e.jsonl', output: '-' });
    expect(resolve().settings).toMatchObject({
      catalog: path.join(root, 'project', 'prices.json'),
      errors: path.join(root, 'e.jsonl'),
      output: '-',
    });
  });
});

describe('resolveSettings: endpoints', () => {
  const vendor = 'https://gateway.example.com/api/v1';

  it("honours the vendor's variables below flags and QBATCH_ names, above files", () => {
    const env = { DASHSCOPE_HTTP_BASE_URL: vendor };
    writeProject({ baseUrl: 'https://project.example.com' });
    expect(resolve({}, env).settings.baseUrl).toBe(vendor);
    expect(resolve({}, env).origins.get('baseUrl')).toBe('DASHSCOPE_HTTP_BASE_URL');
    const own = { ...env, QBATCH_BASE_URL: 'https://own.example.com' };
    expect(resolve({}, own).settings.baseUrl).toBe('https://own.example.com');
    expect(resolve({ 'base-url': 'http://127.0.0.1:8000/v1' }, own).settings.baseUrl).toBe(
      'http://127.0.0.1:8000/v1',
    );
    expect(resolve({}, { DASHSCOPE_COMPATIBLE_BASE_URL: vendor }).settings.compatibleBaseUrl).toBe(
      vendor,
    );
  });

  it("an empty variable of the vendor's is unset", () => {
    expect(resolve({}, { DASHSCOPE_HTTP_BASE_URL: '' }).settings.baseUrl).toBeUndefined();
  });

  it('the uppermost source that names an endpoint decides alone', () => {
    const env = { DASHSCOPE_HTTP_BASE_URL: vendor, DASHSCOPE_COMPATIBLE_BASE_URL: vendor };
    const byRegion = resolve({ region: 'singapore' }, env).settings;
    expect(byRegion).toMatchObject({
      region: 'singapore',
      baseUrl: undefined,
      compatibleBaseUrl: undefined,
    });
    const byUrl = resolve({ 'base-url': 'http://127.0.0.1:8000/v1' }, env).settings;
    expect(byUrl.compatibleBaseUrl).toBeUndefined();
    const same = resolve({}, { ...env, QBATCH_REGION: 'singapore' }).settings;
    expect(same).toMatchObject({ region: 'singapore', baseUrl: vendor });
  });

  it.each(['frankfurt', 'tokyo'])(
    '%s without a workspace is 78, but not on the simulator',
    (region) => {
      expect(refusal({ region })).toMatchObject({
        exitCode: 78,
        message: expect.stringContaining(region),
      });
      expect(resolve({ region, workspace: 'llm-1' }).settings.region).toBe(region);
      expect(resolve({ region, simulate: '' }).settings.region).toBe(region);
    },
  );

  it('plain http to another machine is 78 unless allowed', () => {
    const flags = { 'base-url': 'http://10.0.0.7:8000/v1' };
    expect(refusal(flags)).toMatchObject({
      exitCode: 78,
      hint: expect.stringContaining('--allow-http'),
    });
    expect(resolve({ ...flags, 'allow-http': true }).settings.baseUrl).toBe(
      'http://10.0.0.7:8000/v1',
    );
  });
});

describe('resolveSettings: values that do not parse', () => {
  it.each([
    ['concurrency', 'abc'],
    ['concurrency', '0'],
    ['concurrency', '-1'],
    ['concurrency', '1.5'],
    ['concurrency', 'NaN'],
    ['concurrency', '1e3'],
    ['concurrency', '10001'],
    ['concurrency', ' 8'],
    ['rpm', 'fast'],
    ['rpm', '0'],
    ['rpm', 'qwen-plus='],
    ['rpm', '=600'],
    ['rpm', '600,700'],
    ['rpm', 'a=1,a=2'],
    ['tpm', 'qwen-plus=-5'],
    ['tpm', '1,'],
    ['max-attempts', '0'],
    ['max-attempts', '101'],
    ['timeout', '0'],
    ['timeout', '5 m'],
    ['timeout', '1h30m'],
    ['idle-timeout', '-1s'],
    ['connect-timeout', 'soon'],
    ['max-unreachable', '1w'],
    ['max-duration', '30d'],
    ['max-duration', '0s'],
    ['max-cost', '12,50'],
    ['max-cost', '¥5'],
    ['max-cost', '-1'],
    ['max-cost', '1e3'],
    ['max-cost', '.5'],
    ['confirm-cost', '5CNY'],
    ['sample', '0'],
    ['sample', '2.5'],
    ['max-failures', '0'],
    ['max-failures', '101%'],
    ['max-failures', '0%'],
    ['max-failures', 'some'],
    ['max-line', '32MB'],
    ['max-line', '1'],
    ['max-line', '1GiB'],
    ['currency', 'cny'],
    ['region', 'Beijing'],
    ['base-url', 'dashscope.aliyuncs.com'],
    ['base-url', 'ftp://127.0.0.1/'],
    ['base-url', 'https://'],
    ['base-url', 'https://127.0.0.1/v1?key=1'],
    ['base-url', 'https://127.0.0.1/v1#'],
    ['base-url', 'https://127.0.0.1\\@evil/'],
    ['compatible-base-url', 'https://user:geheim@127.0.0.1/v1'],
    ['compatible-base-url', 'https://a b/'],
    ['workspace', 'evil.com/'],
    ['workspace', 'a.b'],
    ['workspace', '-a'],
    ['workspace', 'ws_1'],
    ['set', 'temperature'],
    ['set', '=1'],
    ['set', 'model=qwen-max'],
    ['set', 'messages=[]'],
    ['set', 'a b=1'],
    ['simulate', 'speed=3'],
    ['simulate', 'rpm=0'],
    ['model', 'qwen\u0000'],
    ['job', 'a\nb'],
    ['system', '  '],
    ['protocol', 'grpc'],
    ['color', 'blue'],
    ['progress', 'bar'],
    ['on-ambiguous', 'ask'],
    ['order', 'random'],
  ])('%s %j: 64 as a flag, 78 elsewhere, naming the origin', (name, text) => {
    const flag = RUN_FLAGS.find((one) => one.name === name);
    if (flag === undefined) throw new Error(`no flag ${name}`);
    const asFlag = refusal({ [name]: flag.repeatable ? [text] : text });
    expect(asFlag.exitCode).toBe(64);
    expect(asFlag.message).toMatch(new RegExp(`^--${name}: .* is not `, 's'));
    const asVariable = refusal({}, { [environmentName(name)]: text });
    expect(asVariable.exitCode).toBe(78);
    expect(asVariable.message).toContain(`${environmentName(name)}: `);
    const file = writeProject({ [configKey(name)]: text });
    const inFile = refusal({});
    expect(inFile.exitCode).toBe(78);
    expect(inFile.message).toContain(`${file}: ${configKey(name)}: `);
    expect([asFlag, asVariable, inFile].map(String).join(' ')).not.toContain('geheim');
  });

  it.each([
    ['--rpm', { rpm: ['600', '700'] }],
    ['--rpm', { rpm: ['qwen-plus=1', 'qwen-plus=2'] }],
    ['--set', { set: ['seed=1', 'seed=2'] }],
  ])('%s twice for the same is 64', (shown, flags) => {
    expect(refusal(flags)).toMatchObject({ exitCode: 64, message: expect.stringContaining(shown) });
  });

  it('an empty variable is an error, not unset: a limit must not vanish with a shell variable', () => {
    for (const flag of RUN_FLAGS) {
      const name = environmentName(flag.name);
      expect(refusal({}, { [name]: '' })).toMatchObject({
        exitCode: 78,
        message: expect.stringContaining(name),
      });
    }
  });

  it('a value that is overridden is checked all the same', () => {
    expect(refusal({ concurrency: '4' }, { QBATCH_CONCURRENCY: 'many' }).exitCode).toBe(78);
  });

  it.each([
    [{ strict: 'perhaps' }, 'strict'],
    [{ concurrency: 1.5 }, 'concurrency'],
    [{ concurrency: null }, 'concurrency'],
    [{ model: ['qwen-plus'] }, 'model'],
    [{ maxCost: -1 }, 'maxCost'],
    [{ maxCost: 1e-7 }, 'maxCost'],
    [{ rpm: [] }, 'rpm'],
    [{ rpm: { 'qwen-plus': '60x' } }, 'rpm'],
    [{ set: [] }, 'set'],
    [{ set: 3 }, 'set'],
    [{ simulate: 7 }, 'simulate'],
  ])('in a file, %j is 78', (content, key) => {
    writeProject(content);
    expect(refusal({})).toMatchObject({
      exitCode: 78,
      message: expect.stringContaining(`: ${key}: `),
    });
  });

  it('values are shown short, without keys', () => {
    const key = 'sk-0123456789abcdef0123';
    expect(refusal({ concurrency: key }).message).toContain('"[redacted]"');
    expect(refusal({ region: 'x'.repeat(500) }).message.length).toBeLessThan(250);
  });
});

describe('resolveSettings: --set', () => {
  it('keeps JSON as it was typed and makes text of everything else', () => {
    const set = [
      'seed=9007199254740993',
      'temperature=1.0',
      'stop=["完", "END"]',
      'enable_search=true',
      'note=a=b',
      'x=',
      'y=nul',
    ];
    expect(resolve({ set }).settings.set).toEqual(
      new Map([
        ['seed', '9007199254740993'],
        ['temperature', '1.0'],
        ['stop', '["完", "END"]'],
        ['enable_search', 'true'],
        ['note', '"a=b"'],
        ['x', '""'],
        ['y', '"nul"'],
      ]),
    );
  });

  it('keeps the digits of numbers in a configuration file and in a variable', () => {
    writeProject(
      '{ "set": { "seed": 9007199254740993, "search_options": {"forced_search":true, "n":1.0} } }',
    );
    const wanted = new Map([
      ['seed', '9007199254740993'],
      ['search_options', '{"forced_search":true, "n":1.0}'],
    ]);
    expect(resolve().settings.set).toEqual(wanted);
    expect(resolve({}, { QBATCH_SET: '{"seed": 1.50}' }).settings.set).toEqual(
      new Map([['seed', '1.50']]),
    );
  });
});

describe('resolveSettings: unknown names and broken files', () => {
  it.each([
    ['QBATCH_MAXCOST', /did you mean QBATCH_MAX_COST\?/],
    ['QBATCH_CONCURENCY', /did you mean QBATCH_CONCURRENCY\?/],
    ['QBATCH_WHATEVER', /names are those of the flags/],
    ['QBATCH_API_KEY', /DASHSCOPE_API_KEY/],
  ])('the variable %s is 78', (name, hint) => {
    const error = refusal({}, { [name]: '5' });
    expect(error).toMatchObject({ exitCode: 78, message: expect.stringContaining(name) });
    expect(error.hint).toMatch(hint);
  });

  it('variables of others are left alone', () => {
    expect(
      resolve({}, { QBATCHES: '1', PATH: '/bin', DASHSCOPE_API_KEY: 'x' }).settings,
    ).toStrictEqual(DEFAULTS);
  });

  it('an unknown key in a file is 78 with a suggestion', () => {
    const file = writeProject({ maxCosts: 3 });
    expect(refusal({})).toMatchObject({
      exitCode: 78,
      message: `${file}: unknown key "maxCosts"`,
      hint: 'did you mean maxCost?',
    });
  });

  it.each([[{ maxCost: 1, 'max-cost': 2 }], ['{"maxCost":1,"maxCost":2}']])(
    'one key twice, %j, is 78',
    (content) => {
      writeProject(content);
      expect(refusal({})).toMatchObject({
        exitCode: 78,
        message: expect.stringContaining('twice'),
      });
    },
  );

  it.each([
    ['{"model":'],
    ['[]'],
    ['"qwen"'],
    ['null'],
    [''],
    ['{"model":"a",}'],
    ['// hello\n{}'],
  ])('a file with %j is 78 and named', (content) => {
    const file = writeProject(content);
    expect(refusal({})).toMatchObject({ exitCode: 78, message: expect.stringContaining(file) });
  });

  it('a byte order mark is fine, a folder of that name is not', () => {
    writeProject('\uFEFF{"model":"qwen-plus"}');
    expect(resolve().settings.model).toBe('qwen-plus');
    mkdirSync(path.join(cwd, 'qbatch.config.json'));
    expect(refusal({})).toMatchObject({ exitCode: 78, message: expect.stringContaining('EISDIR') });
  });

  it.each([
    [{ apiKey: 'x' }],
    [{ api_key: 'x' }],
    [{ DASHSCOPE_API_KEY: 'x' }],
    [{ set: { 'api-key': 'x' } }],
    [{ system: 'use sk-0123456789abcdef0123' }],
    [{ 'sk-0123456789abcdef0123': true }],
  ])('a key in a configuration file, %j, is 78 and not repeated', (content) => {
    const file = writeUser(content);
    const error = refusal({});
    expect(error).toMatchObject({
      exitCode: 78,
      message: expect.stringContaining(`${file} holds an API key`),
    });
    expect(`${error.message}${error.hint}`).not.toContain('0123456789abcdef0123');
  });
});

describe('resolveSettings: settings that exclude each other', () => {
  it.each([
    [{ errors: '-' }],
    [{ ledger: '-' }],
    [{ output: 'a.jsonl', errors: 'a.jsonl' }],
    [{ output: 'a.db', ledger: 'a.db' }],
  ])('%j is 64', (flags) => {
    expect(refusal(flags).exitCode).toBe(64);
  });

  it.each([
    [{ errors: '-' }, 'errors cannot be -'],
    [{ output: 'a.jsonl', errors: 'a.jsonl' }, 'must be different files'],
  ])('%j in a file is 78 and names the file', (content, what) => {
    const file = writeProject(content);
    const error = refusal({});
    expect(error.exitCode).toBe(78);
    expect(error.message).toContain(`${file}: `);
    expect(error.message).toContain(what);
  });

  it('a flag that contradicts a variable is 64 and names both', () => {
    const error = refusal({ output: 'a.jsonl' }, { QBATCH_ERRORS: 'a.jsonl' });
    expect(error.exitCode).toBe(64);
    expect(error.message).toContain('--output and QBATCH_ERRORS must be different files');
  });
});
