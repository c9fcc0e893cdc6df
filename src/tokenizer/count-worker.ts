import { parentPort } from 'node:worker_threads';
import { loadExactTokenizer } from './exact-tokens.ts';

/** Started by `openTokenCounter`: receives lists of texts, replies to each with the list of their counts. */
const loading = loadExactTokenizer();
// A failure is reported to the first request, not to the process.
loading.catch(() => undefined);

parentPort?.on('message', (texts: readonly string[]) => {
  loading.then(
    ({ count }) => parentPort?.postMessage({ counts: texts.map(count) }),
    (error: unknown) => parentPort?.postMessage({ error }),
  );
});
