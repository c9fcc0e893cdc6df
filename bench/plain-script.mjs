// The honest alternative: what a user would write for the same job with p-limit and fetch. So many calls
// at once; a 429 or a server error is tried again after 1 s, 2 s, 4 s ... a minute, with jitter, as the
// service's own advice has it, and answers are appended to a file. No limits are known to it, nothing
// survives a crash, nothing is counted.
// node bench/plain-script.mjs INPUT BASE OUTPUT [CONCURRENCY]
import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import pLimit from 'p-limit';

const [, , input, base, output, concurrency = '16'] = process.argv;
const limit = pLimit(Number(concurrency));
const results = createWriteStream(output);

async function ask(line) {
  for (let attempt = 0; ; attempt += 1) {
    const response = await fetch(`${base}${line.url}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${process.env.DASHSCOPE_API_KEY}`,
      },
      body: JSON.stringify(line.body),
    });
    const body = await response.json();
    if (response.ok) return body;
    if (response.status !== 429 && response.status < 500) {
      throw new Error(`${line.custom_id}: ${JSON.stringify(body)}`);
    }
    const mostMs = Math.min(60_000, 1000 * 2 ** attempt);
    await new Promise((resolve) => {
      setTimeout(resolve, mostMs * (0.5 + Math.random() / 2));
    });
  }
}

const jobs = [];
for await (const text of createInterface({ input: createReadStream(input) })) {
  const line = JSON.parse(text);
  jobs.push(
    limit(async () => {
      const body = await ask(line);
      results.write(`${JSON.stringify({ custom_id: line.custom_id, response: { body } })}\n`);
    }),
  );
}
await Promise.all(jobs);
results.end();
