import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * The exports of TypeScript modules of `src`, without a build: bundled in memory and imported.
 * `names` are paths below `src` (`error-codes.ts`); they must not need packages or each other's state.
 */
export async function loadSource(names) {
  const result = await build({
    absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
    stdin: {
      contents: names.map((name) => `export * from './src/${name}';`).join('\n'),
      resolveDir: fileURLToPath(new URL('..', import.meta.url)),
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    charset: 'utf8',
  });
  const code = Buffer.from(result.outputFiles[0].contents).toString('base64');
  return import(`data:text/javascript;base64,${code}`);
}
