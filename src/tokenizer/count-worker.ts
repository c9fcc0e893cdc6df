import { parentPort } from 'node:worker_threads';
import { loadExactTokenizer } from './exact-tokens.ts';

/** What `openTokenCounter` starts: takes lists of texts, answers each with the list of their counts. */
const loading = loadExactTokenizer();
// A failure is told to who asks first, not to the process.
loading.catch(() => undefined);

parentPort?.on('message', (texts: readonly string[]) => {
  loading.then(
    ({ count }) => parentPort?.postMessage({ counts: texts.map(count) }),
    (error: unknown) => parentPort?.postMessage({ error }),
  );
});
