import { readFile } from 'node:fs/promises';
import { build, transform } from 'esbuild';

const TARGET = ['chrome110', 'firefox110', 'safari16'];

/**
 * The script and the style sheet of the report's page, each as one text that stands in the page itself,
 * and the files they were made of, relative to `root`.
 */
export async function buildPage(root) {
  const script = await build({
    absWorkingDir: root,
    entryPoints: ['src/page/main.ts'],
    bundle: true,
    minify: true,
    format: 'iife',
    target: TARGET,
    charset: 'utf8',
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  const sheets = await Promise.all(
    ['node_modules/uplot/dist/uPlot.min.css', 'src/page/page.css'].map((name) =>
      readFile(`${root}${name}`, 'utf8'),
    ),
  );
  const style = await transform(sheets.join('\n'), { loader: 'css', minify: true, target: TARGET });
  return {
    assets: { script: script.outputFiles[0].text.trim(), style: style.code.trim() },
    inputs: Object.keys(script.metafile.inputs),
  };
}
