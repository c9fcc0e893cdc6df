import { EXIT, InputError } from '../errors.ts';

/** Where the process stands. Throws 66 where that folder is gone. */
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
