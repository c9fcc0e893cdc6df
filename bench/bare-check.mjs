// The baseline of check.mjs: node bare-check.mjs INPUT. Splits a file into lines and parses each.
import { createReadStream } from 'node:fs';

const LINE_FEED = 0x0a;
let rest = Buffer.alloc(0);
let lines = 0;
for await (const chunk of createReadStream(process.argv[2], { highWaterMark: 1 << 20 })) {
  const block = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
  let start = 0;
  for (let end = block.indexOf(LINE_FEED); end !== -1; end = block.indexOf(LINE_FEED, start)) {
    JSON.parse(block.toString('utf8', start, end));
    lines += 1;
    start = end + 1;
  }
  rest = block.subarray(start);
}
process.stdout.write(`${lines}\n`);
