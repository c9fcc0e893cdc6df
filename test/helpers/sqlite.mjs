// better-sqlite3 as the program has it on this Node.js (src/ledger/sqlite-package.ts), for tests and the
// programs that they start.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export default require(
  Number(process.versions.napi) >= 10 ? 'better-sqlite3-node-api' : 'better-sqlite3',
);
