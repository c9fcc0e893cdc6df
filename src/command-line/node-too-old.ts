/** The minimum Node.js version, as in package.json's `engines` (a test compares them). */
const LEAST = { major: 20, minor: 19 } as const;

/**
 * The message for a Node.js too old to load the program, with its line break; null: it is new enough. npm only warns, and
 * the program would crash in the first missing function.
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
