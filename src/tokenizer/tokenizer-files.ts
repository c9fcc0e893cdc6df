import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Whether this module runs from source, not from the bundle, where all files are side by side. */
export const FROM_SOURCE: boolean = import.meta.url.endsWith('.ts');

/** Qwen3's vocabulary as written by scripts/pack-vocabulary.mjs. */
export function vocabularyPath(): string {
  return fileURLToPath(new URL('./qwen3-vocabulary.br', import.meta.url));
}

/** The tokenizer library's WebAssembly module. */
export function wasmPath(): string {
  return FROM_SOURCE
    ? createRequire(import.meta.url).resolve('tiktoken/lite/tiktoken_bg.wasm')
    : fileURLToPath(new URL('./tiktoken_bg.wasm', import.meta.url));
}
