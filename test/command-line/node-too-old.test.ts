import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { nodeTooOld } from '../../src/command-line/node-too-old.ts';

test.each(['20.19.0', '20.20.2', '21.0.0', '22.1.0', '24.22.3', '100.0.0', '20.19.0-rc.1'])(
  'nodeTooOld: %s is new enough',
  (version) => {
    expect(nodeTooOld(version)).toBeNull();
  },
);

test.each(['20.18.3', '20.9.0', '18.20.8', '8.19.0'])('nodeTooOld: %s is told', (version) => {
  const told = nodeTooOld(version);
  expect(told).toContain(`needs Node.js 20.19 or later, but this is ${version} (`);
  expect(told).toMatch(/\n {2}install a newer one .*\n$/);
});

test('nodeTooOld: the least version is that of package.json', () => {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    engines: { node: string };
  };
  const least = engines.node.replace('>=', '');
  expect(nodeTooOld(`${least}.0`)).toBeNull();
  const [major, minor] = least.split('.').map(Number);
  expect(nodeTooOld(`${major}.${(minor ?? 0) - 1}.9`)).toContain(`needs Node.js ${least} or later`);
});
