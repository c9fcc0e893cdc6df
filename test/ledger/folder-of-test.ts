import path from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { temporaryFolder } from './sample-job.ts';

/** Nothing named on the command line. */
export const NONE = { job: undefined, ledger: undefined, jobName: undefined };

/** A private folder for each test of the file that calls this; `at` is a path in it. */
export function folderOfTest(): { readonly path: string; at(name: string): string } {
  let folder: ReturnType<typeof temporaryFolder> | null = null;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => {
    folder?.remove();
  });
  return {
    get path() {
      if (folder === null) throw new Error('no test is running');
      return folder.path;
    },
    at(name) {
      return path.join(this.path, name);
    },
  };
}
