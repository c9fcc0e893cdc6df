import { readFile, readdir } from 'node:fs/promises';

/** Texts of packages that bring none, and of data: `licences/<name>.txt`. */
const KEPT = new URL('licences/', import.meta.url);

/** What is shipped and comes from no package. */
const DATA = [{ name: 'Qwen3 vocabulary', file: 'qwen3-vocabulary.txt', licence: 'Apache-2.0' }];

/** The folder of the package that a bundled file came from, or undefined for a file of our own. */
function packageFolder(input) {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
}

/**
 * The licences of every package that is bundled, as one text, sorted by name, and of data from others.
 *
 * `inputs` are the bundled files relative to `root`, as esbuild's metafile names them. Throws where
 * a bundled package has no licence text: then it must not be shipped.
 */
export async function licencesOf(root, inputs) {
  const folders = new Set(inputs.map(packageFolder).filter((folder) => folder !== undefined));
  const parts = await Promise.all(
    [...folders]
      .sort((a, b) => (a < b ? -1 : 1))
      .map(async (folder) => {
        const manifest = JSON.parse(await readFile(`${root}${folder}/package.json`, 'utf8'));
        const names = await readdir(`${root}${folder}`);
        const file = names.find((name) => /^licen[cs]e/i.test(name));
        const text = await readFile(
          file === undefined ? new URL(`${manifest.name}.txt`, KEPT) : `${root}${folder}/${file}`,
          'utf8',
        ).catch((error) => {
          throw new Error(`no licence text in ${folder} or beside this script`, { cause: error });
        });
        return `${manifest.name} ${manifest.version} (${manifest.license})\n\n${text.trim()}\n`;
      }),
  );
  for (const { name, file, licence } of DATA) {
    const text = await readFile(new URL(file, KEPT), 'utf8');
    parts.push(`${name} (${licence})\n\n${text.trim()}\n`);
  }
  return `The files in this folder contain these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}
