import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ExactTokenizer } from './exact-tokens.ts';
import { FROM_SOURCE } from './tokenizer-files.ts';

/** Counts tokens with Qwen's own vocabulary, in a separate thread. One request at a time. */
export type TokenCounter = {
  /** Tokens of each text. Throws if the package's files are missing or damaged. */
  count(texts: readonly string[]): Promise<readonly number[]>;
  close(): Promise<void>;
};

type Answer = { readonly counts: readonly number[] } | { readonly error: unknown };

/**
 * Starts loading the vocabulary (about 200 ms and 90 MB, freed by `close`) and returns at once. The thread does not keep
 * the process alive.
 */
export function openTokenCounter(): TokenCounter {
  // A worker needs a JavaScript file: the built program has one, the sources do not.
  return FROM_SOURCE ? counterHere() : counterInWorker();
}

function counterInWorker(): TokenCounter {
  const worker = new Worker(new URL('./count-worker.js', import.meta.url));
  worker.unref();
  const failed = new Promise<never>((_, reject) => {
    worker.once('error', reject);
  });
  failed.catch(() => undefined);
  return {
    async count(texts) {
      worker.ref();
      worker.postMessage(texts);
      const answers = once(worker, 'message') as Promise<[Answer]>;
      const [answer] = await Promise.race([answers, failed]);
      worker.unref();
      if ('error' in answer) throw answer.error;
      return answer.counts;
    },
    async close() {
      await worker.terminate();
    },
  };
}

let loadedHere: Promise<ExactTokenizer> | undefined;

function counterHere(): TokenCounter {
  loadedHere ??= import('./exact-tokens.ts').then(({ loadExactTokenizer }) => loadExactTokenizer());
  loadedHere.catch(() => undefined);
  const loading = loadedHere;
  return {
    async count(texts) {
      const { count } = await loading;
      return texts.map(count);
    },
    close: () => Promise.resolve(),
  };
}
