// What the measurements share: inputs, processes, medians, and the one line of JSON they print.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export const LINE_BYTES = 1024;
export const MODEL = 'qwen-plus';

/** The built program. */
export const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

const PEAK = fileURLToPath(new URL('peak-memory.mjs', import.meta.url));
const TEXTS = [
  '请用三句话概括下面这段用户评论,并判断其情感倾向:物流很快,包装完好,但说明书只有英文。',
  'Classify the following support ticket by product, urgency and sentiment. Answer in JSON.',
  '将下面的合同条款翻译成英文,保留编号和专有名词,不要添加解释。',
  'Summarise the meeting notes below in five bullet points for somebody who was not there.',
];

/** Options with number values, from the command line: `--lines 1000`. */
export function numberOptions(defaults) {
  const options = Object.fromEntries(
    Object.keys(defaults).map((name) => [name, { type: 'string' }]),
  );
  const { values } = parseArgs({ options });
  const read = Object.entries(defaults).map(([name, value]) => [
    name,
    Number(values[name] ?? value),
  ]);
  for (const [name, value] of read) {
    if (!(value > 0) && value !== defaults[name])
      throw new Error(`--${name} is not a number above 0`);
  }
  return Object.fromEntries(read);
}

/** One request of LINE_BYTES bytes with its line feed, as a line of a batch file for chat completions. */
function requestLine(number) {
  const id = `request-${String(number).padStart(8, '0')}`;
  const body = {
    model: MODEL,
    messages: [
      { role: 'system', content: 'You are a careful assistant. 回答要简短。' },
      { role: 'user', content: TEXTS[number % TEXTS.length] },
    ],
    max_tokens: 256,
  };
  const line = { custom_id: id, method: 'POST', url: '/v1/chat/completions', body };
  const missing = LINE_BYTES - 1 - Buffer.byteLength(JSON.stringify(line));
  body.messages[1].content += ` ${'resources '.repeat(missing)}`.slice(0, missing);
  return `${JSON.stringify(line)}\n`;
}

/** Writes an input of so many lines of 1 KiB. */
export async function writeInput(path, lines) {
  const file = createWriteStream(path);
  for (let first = 1; first <= lines; first += 1000) {
    let block = '';
    for (let number = first; number < Math.min(first + 1000, lines + 1); number += 1) {
      block += requestLine(number);
    }
    if (!file.write(block)) await new Promise((resolve) => file.once('drain', resolve));
  }
  file.end();
  await finished(file);
}

/** Runs `work` with a private folder, which is removed afterwards. */
export async function withFolder(work) {
  const folder = await mkdtemp(join(tmpdir(), 'qbatch-bench-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const NOT_MEASURED = { peakRssBytes: null, cpuMs: null };

/**
 * Starts Node.js with these arguments; `done` resolves with its status, standard output, wall time,
 * peak memory and processor time. The key is not one.
 */
export function startNode(args, { cwd, peakFile } = {}) {
  const started = performance.now();
  const startedAtMs = Date.now();
  const before = peakFile === undefined ? [] : ['--import', PEAK];
  const child = spawn(process.execPath, [...before, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      DASHSCOPE_API_KEY: 'sk-measurement-only',
      ...(peakFile === undefined ? {} : { BENCH_PEAK_FILE: peakFile }),
    },
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  const closed = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      resolve({ status, signal, stdout, wallMs: performance.now() - started });
    });
  });
  const done = closed.then(async (result) => {
    const usage =
      peakFile === undefined ? null : await readFile(peakFile, 'utf8').catch(() => null);
    const { peakRssBytes, cpuMs } = usage === null ? NOT_MEASURED : JSON.parse(usage);
    return { ...result, peakRssBytes, cpuMs };
  });
  return { child, done, startedAtMs };
}

/** As `startNode`, waited for; throws where it did not end with one of `statuses`. */
export async function runNode(args, { statuses = [0], ...options } = {}) {
  const result = await startNode(args, options).done;
  if (!statuses.includes(result.status)) {
    throw new Error(`node ${args.join(' ')} ended with ${result.status ?? result.signal}`);
  }
  return result;
}

/** The loopback server in a process of its own, with its arguments: its address, what it saw, and how to end it. */
export async function startServer(...args) {
  const script = fileURLToPath(new URL('loopback-server.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error('the loopback server did not start')));
    child.stdout.setEncoding('utf8').once('data', (text) => resolve(Number(text)));
  });
  const base = `http://127.0.0.1:${port}`;
  return {
    base,
    seen: async () => (await fetch(`${base}/seen`)).json(),
    reset: async () => {
      await (await fetch(`${base}/reset`)).text();
    },
    stop: () => {
      child.kill();
    },
  };
}

/** The flags that keep everything a run writes in one folder. */
export function stateFlags(folder) {
  return [
    ...['-o', join(folder, 'results.jsonl'), '--errors', join(folder, 'errors.jsonl')],
    ...['--ledger', join(folder, 'requests.qbatch.db')],
  ];
}

/** The flags with which `run` calls the loopback server as fast as it can. */
export function runFlags(base, concurrency) {
  return [
    ...['--compatible-base-url', `${base}/v1`, '-c', String(concurrency)],
    ...['--rpm', '100000000', '--tpm', '100000000000', '--progress', 'none', '--json', '-y'],
  ];
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Measures alternately, A B A B, so that a slow minute of the machine slows both. */
export async function alternate(rounds, measurements) {
  const results = measurements.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, measure] of measurements.entries()) results[index].push(await measure());
  }
  return results;
}

/** Prints one line of JSON: what was measured, where, how, the figures and their ratio. */
export function report({ name, command, rounds, ...figures }) {
  const round = (_, value) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
  const [cpu] = cpus();
  const machine = {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memory_gib: totalmem() / 2 ** 30,
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  };
  const line = { name, at: new Date().toISOString(), machine, command, rounds, ...figures };
  process.stdout.write(`${JSON.stringify(line, round)}\n`);
}
