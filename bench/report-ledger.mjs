// Writes a ledger as a long job leaves it, without running one: so many lines of several models, with
// throttles, failures, calls of unknown fate, thinking, cache hits, tags, and the trace of its pace.
import Database from '../test/helpers/sqlite.mjs';
import { loadSource } from '../scripts/load-source.mjs';

const { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } = await loadSource(['ledger/schema.ts']);

const MODELS = ['qwen-plus', 'qwen-max', 'qwen3-32b', 'qwen-flash'];
const STARTED_AT = Date.UTC(2026, 10, 27, 20);
const RUN_MS = 9 * 60 * 60 * 1000;
const FAILURES = [
  ['DataInspectionFailed', 'Input data may contain inappropriate content.', 400],
  ['InvalidParameter', 'Range of input length should be [1, 30720]', 400],
  ['qbatch_timeout', 'the call took longer than 330 s', null],
];

/** Numbers in [0, 1), the same ones every time. */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function insertJob(database, lines, folder) {
  const identity = { model: null, system: null, protocol: 'auto', set: {}, simulated: true };
  const models = MODELS.map((model) => ({ model, lines: lines / MODELS.length }));
  const survey = { lines, valid: lines, invalid: 0, inputTokens: lines * 560, models };
  const values = {
    ...{ name: 'nightly', state: 'finished', created: STARTED_AT, updated: STARTED_AT + RUN_MS },
    ...{ input: `${folder}/nightly.jsonl`, lines, identity: JSON.stringify(identity) },
    survey: JSON.stringify({
      ...survey,
      outputExpectedTokens: lines * 320,
      expectedPico: lines * 2_600_000_000,
    }),
    endpoint: JSON.stringify({
      region: 'beijing',
      dashscope: 'simulator',
      openai: 'simulator',
      scope: 'cn',
    }),
  };
  database
    .prepare(
      `INSERT INTO jobs VALUES (1, @name, @state, @created, @updated, @input, 'a', 1, @lines, @lines,
        @identity, @survey, @endpoint, 'CNY', 'input', @input || '.results', @input || '.errors',
        'append', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)`,
    )
    .run(values);
}

/** Writes the trace of a run that was at its quota most of the time. */
function insertTrace(database, random) {
  database.prepare('INSERT INTO runs VALUES (1, 1, ?, ?)').run(STARTED_AT, STARTED_AT + RUN_MS);
  const put = database.prepare(
    `INSERT INTO pace_seconds VALUES (1, 1, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, 10000, 200)`,
  );
  const lane = database.prepare(
    `INSERT INTO pace_lanes VALUES (1, 1, ?, ?, 'catalog', ?, 'catalog', ?, ?, ?, 60, 500, 20, 0, ?, 0.94, 1, 0.7, 1)`,
  );
  const spanS = 64;
  for (const [at, model] of MODELS.entries()) {
    const [rpm, tpm] = [600 * (at + 1), 400_000 * (at + 1)];
    const starts = Math.round((rpm * RUN_MS) / 60_000);
    lane.run(model, rpm, tpm, STARTED_AT, STARTED_AT + RUN_MS, starts, (tpm * RUN_MS) / 60_000);
    for (let ms = 0; ms < RUN_MS; ms += spanS * 1000) {
      const share = ms < 600_000 ? ms / 600_000 : 0.92 + 0.08 * random();
      const starts = Math.round(((rpm * spanS) / 60) * share);
      const numbers = [spanS, spanS, starts, Math.ceil(rpm / 50), Math.round(random() * 2)];
      const paces = [(tpm * spanS * share) / 60, rpm * share, rpm, tpm * share, tpm];
      put.run(model, STARTED_AT + ms, ...numbers, ...paces);
    }
  }
}

function drawCall(random, lineNo, lines) {
  const at = Math.floor(random() * MODELS.length);
  const input = 80 + Math.floor(random() ** 3 * 2_000);
  const output = 20 + Math.floor(random() ** 2 * 900);
  const startedAt = STARTED_AT + Math.floor((lineNo / lines) * RUN_MS);
  const tookMs = 300 + output * 18 + Math.floor(random() * 700);
  const reasoning = at === 2 && random() < 0.5 ? Math.floor(output / 2) : null;
  const cached = random() < 0.3 ? Math.floor(input / 2) : 0;
  const costPico = input * 800_000 * (at + 1) + output * 2_000_000 * (at + 1);
  return { at, model: MODELS[at], input, output, startedAt, tookMs, reasoning, cached, costPico };
}

function insertLines(database, lines, random) {
  const attempt = database.prepare(
    `INSERT INTO attempts VALUES (1, @line, @attempt, 'line-' || CAST(@line AS INTEGER), @model, @startedAt, @endedAt, @class,
      1, @status, @code, 'request', @input, @output, @input + @output, @cached, @reasoning, @costPico, 400, 9000000)`,
  );
  const line = database.prepare(
    `INSERT INTO lines VALUES (1, @line, @state, @line, 'line-' || CAST(@line AS INTEGER), @model, @attempt, @status,
      @code, @message, NULL, 'request', @metadata, @endedAt)`,
  );
  const unknown = { input: null, output: null, cached: null, reasoning: null, costPico: null };
  for (let lineNo = 1; lineNo <= lines; lineNo += 1) {
    const call = drawCall(random, lineNo, lines);
    const endedAt = call.startedAt + call.tookMs;
    const metadata = JSON.stringify({ team: `team-${Math.floor(random() * 20)}` });
    let number = 1;
    if (random() < 0.02) {
      const throttled = { class: 'rejected', status: 429, code: 'Throttling.RateQuota' };
      const early = { endedAt: call.startedAt + 40, line: lineNo, attempt: number };
      attempt.run({ ...call, ...unknown, ...throttled, ...early });
      number += 1;
    }
    const failure = random() < 0.01 ? FAILURES[Math.floor(random() * FAILURES.length)] : null;
    const [code, message, status] = failure ?? [null, null, 200];
    const fate = failure === null ? 'answered' : status === null ? 'possibly_billed' : 'rejected';
    const row = { ...call, ...(failure === null ? {} : unknown), class: fate, status, code };
    attempt.run({ ...row, line: lineNo, attempt: number, endedAt });
    const state = failure === null ? 'answered' : 'failed';
    line.run({ ...row, line: lineNo, attempt: number, endedAt, state, message, metadata });
  }
}

/** Writes `path`, a new ledger with one job of so many lines. */
export function writeReportLedger(path, lines, folder) {
  const database = new Database(path);
  const random = randomNumbers(7);
  database.pragma('page_size = 16384');
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = OFF');
  database.exec(`BEGIN; ${SCHEMA}`);
  insertJob(database, lines, folder);
  insertTrace(database, random);
  insertLines(database, lines, random);
  database.exec(
    `UPDATE jobs SET answered = (SELECT count(*) FROM lines WHERE state = 'answered'),
      failed = (SELECT count(*) FROM lines WHERE state = 'failed'),
      cost_pico = (SELECT sum(cost_pico) FROM attempts)`,
  );
  database.exec('COMMIT');
  database.pragma(`application_id = ${APPLICATION_ID}`);
  database.pragma(`user_version = ${SCHEMA_VERSION}`);
  database.close();
}
