/** The least Node.js, as `engines` in package.json has it (a test compares them). */
const LEAST = { major: 20, minor: 19 } as const;

/**
 * What to say to a Node.js that is too old to load the program, with its line break; null: it is new enough.
 * npm only warns of one, and the program would die in the first function that is missing there.
 */
export function nodeTooOld(version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const { major: leastMajor, minor: leastMinor } = LEAST;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return null;
  return (
    `qbatch: needs Node.js ${leastMajor}.${leastMinor} or later, but this is ${version} (${process.execPath})\n` +
    '  install a newer one (nodejs.org, nvm, your package manager), then reinstall qbatch with it\n'
  );
}
