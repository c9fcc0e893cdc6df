#!/usr/bin/env node
import { quickAnswer } from './command-line/quick-answer.ts';

const argv = process.argv.slice(2);
const quick = quickAnswer(argv);
if (quick === null) {
  const { main } = await import('./main.ts');
  process.exitCode = await main(argv);
} else {
  process.stdout.write(quick);
}
