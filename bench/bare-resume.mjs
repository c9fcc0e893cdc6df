// The baseline of resume.mjs: node bare-resume.mjs INPUT. Reads a file and hashes it.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

const hash = createHash('sha256');
for await (const chunk of createReadStream(process.argv[2], { highWaterMark: 1 << 20 })) {
  hash.update(chunk);
}
process.stdout.write(`${hash.digest('hex')}\n`);
