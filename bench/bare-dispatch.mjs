// The baseline of dispatch.mjs: node bare-dispatch.mjs INPUT BASE CONCURRENCY. Reads lines, parses
// them, posts their bodies with undici, parses the replies, and keeps nothing.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Pool } from 'undici';

const [input, base, concurrency] = process.argv.slice(2);
const pool = new Pool(base, { connections: Number(concurrency), pipelining: 1 });
const lines = createInterface({ input: createReadStream(input), crlfDelay: Infinity })[
  Symbol.asyncIterator
]();
const headers = { 'content-type': 'application/json', authorization: 'Bearer sk-measurement-only' };
let tokens = 0;

async function worker() {
  for (;;) {
    const { done, value } = await lines.next();
    if (done) return;
    const body = JSON.stringify(JSON.parse(value).body);
    const reply = await pool.request({
      path: '/v1/chat/completions',
      method: 'POST',
      headers,
      body,
    });
    tokens += JSON.parse(await reply.body.text()).usage.total_tokens;
  }
}

await Promise.all(Array.from({ length: Number(concurrency) }, worker));
await pool.close();
process.stdout.write(`${tokens}\n`);
