import { expect, test } from 'vitest';
import { sqlitePackages } from '../../src/ledger/sqlite-package.ts';

const NODE_API = 'better-sqlite3-node-api';
const V8 = 'better-sqlite3';

test.each([
  // 13 crashes where there is no Node-API 10.
  ['20.19.0', '9', [V8]],
  ['22.13.1', '9', [V8]],
  ['22.14.0', '10', [NODE_API, V8]],
  ['24.18.1', '10', [NODE_API, V8]],
  // 12 aborts here.
  ['24.19.0', '10', [NODE_API]],
  ['24.22.3', '10', [NODE_API]],
  ['26.4.0', '10', [NODE_API, V8]],
  ['26.19.0', '11', [NODE_API, V8]],
])('Node.js %s with Node-API %s: %j', (node, napi, packages) => {
  expect(sqlitePackages({ node, napi })).toEqual(packages);
});

test('a program that is not Node.js and has no Node-API: 12, which says what it needs', () => {
  expect(sqlitePackages({ node: '24.22.3' })).toEqual([V8]);
});
