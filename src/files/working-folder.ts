import { EXIT, InputError } from '../errors.ts';

/** The working folder. Throws 66 if it no longer exists. */
export function workingFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new InputError(
      EXIT.noInput,
      `cannot tell the working folder: ${code === 'ENOENT' ? 'it is gone' : message}`,
      'change to an existing folder (cd), then run it again',
      error,
    );
  }
}
