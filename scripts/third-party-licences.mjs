import { readFile, readdir } from 'node:fs/promises';

/** The folder of the package that a bundled file came from, or undefined for a file of our own. */
function packageFolder(input) {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
}

/**
 * The licences of every package that is bundled, as one text, sorted by name.
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
        if (file === undefined) throw new Error(`no licence text in ${folder}`);
        const text = await readFile(`${root}${folder}/${file}`, 'utf8');
        return `${manifest.name} ${manifest.version} (${manifest.license})\n\n${text.trim()}\n`;
      }),
  );
  return `The files in this folder contain these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}
