#!/usr/bin/env node
import { nodeTooOld } from './command-line/node-too-old.ts';
import { quickAnswer } from './command-line/quick-answer.ts';
import { EXIT } from './errors.ts';

const argv = process.argv.slice(2);
const quick = quickAnswer(argv);
const tooOld = nodeTooOld(process.versions.node);
if (quick === null && tooOld !== null) {
  process.stderr.write(tooOld);
  process.exitCode = EXIT.config;
} else if (quick === null) {
  const { main } = await import('./main.ts');
  process.exitCode = await main(argv);
} else {
  // A reader that went away is no error, here as everywhere.
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') return;
    process.stderr.on('error', () => undefined);
    process.stderr.write(`qbatch: cannot write to stdout: ${message}\n`);
    process.exitCode = EXIT.io;
  });
  process.stdout.write(quick);
}
