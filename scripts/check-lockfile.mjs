// Checks what `npm ci` will trust: every package in package-lock.json has an integrity hash and
// comes from the registry, and only the packages listed here may bring install scripts (npm runs
// those of `allowScripts` alone). A new one must be read before it is added.
import { readFile } from 'node:fs/promises';

const WITH_INSTALL_SCRIPTS = new Map([
  ['better-sqlite3', true], // compiles or fetches its native part
  ['esbuild', false], // only replaces its own launcher; works without
]);

/** What is wrong with a lockfile and its manifest, one line each; empty: nothing. */
function problemsOf(lock, manifest) {
  const problems = [];
  if (lock.lockfileVersion !== 3)
    problems.push(`lockfileVersion is ${lock.lockfileVersion}, not 3`);
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === '') continue;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    if (!path.startsWith('node_modules/') || entry.link === true) {
      problems.push(`${path}: is not a package of the registry`);
    } else if (!/^sha512-[\w+/]{86}==$/.test(entry.integrity ?? '')) {
      problems.push(`${path}: has no sha512 integrity`);
    }
    for (const part of Object.keys(entry.optionalDependencies ?? {})) {
      // npm leaves the parts of other platforms out where it writes a lockfile beside node_modules.
      if (lock.packages[`node_modules/${part}`] === undefined) {
        problems.push(
          `${path}: its part ${part} is missing; write the lockfile in an empty folder`,
        );
      }
    }
    // The integrity says what a package is; where it comes from is each machine's own setting.
    if (entry.resolved !== undefined) {
      problems.push(`${path}: is bound to the address ${entry.resolved}`);
    }
    if (entry.hasInstallScript === true && !WITH_INSTALL_SCRIPTS.has(name)) {
      problems.push(`${path}: brings an install script that nobody reviewed`);
    }
  }
  for (const [name, allowed] of Object.entries(manifest.allowScripts ?? {})) {
    if (WITH_INSTALL_SCRIPTS.get(name) !== allowed) {
      problems.push(
        `package.json: allowScripts.${name} is ${allowed}, which this list does not say`,
      );
    }
  }
  const ranges = {
    ...manifest.dependencies,
    ...manifest.devDependencies,
    ...manifest.optionalDependencies,
  };
  for (const [name, range] of Object.entries(ranges)) {
    // A second version of a package stands under another name: `npm:name@version`.
    const version = range.replace(/^npm:.+@/, '');
    if (!/^\d+\.\d+\.\d+$/.test(version))
      problems.push(`package.json: ${name} is not pinned exactly`);
    if (lock.packages[`node_modules/${name}`]?.version !== version) {
      problems.push(`package.json: ${name} ${version} is not what the lockfile has`);
    }
  }
  return problems;
}

const readJson = async (name) =>
  JSON.parse(await readFile(new URL(`../${name}`, import.meta.url), 'utf8'));
const problems = problemsOf(await readJson('package-lock.json'), await readJson('package.json'));
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
