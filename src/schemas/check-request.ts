import type { Problem } from '../problem.ts';
import { checkInputNames, checkParameters } from './check-parameters.ts';
import type { Examination } from './findings.ts';
import { checkMessages } from './messages.ts';
import type { RequestView } from './request-view.ts';
import { checkRules } from './rules.ts';

/** What every clean line gets: one shared array that nobody can add to. */
const CLEAN: Problem[] = [];
Object.freeze(CLEAN);

/**
 * Everything that can be said about a request before it is sent: errors (the service is documented
 * to refuse it), warnings (documented constraints, unknown names, defaults that cost money) and
 * notes (what has no effect). Empty for a clean request.
 *
 * Messages first, then each parameter on its own, then the rules between them. Pure; never throws
 * for anything a JSON line can hold. The empty result is frozen and shared: do not add to it.
 * Codes are those of `PROBLEM_CODES`; sources and dates stand in the tables.
 */
export function checkRequest(view: RequestView): Problem[] {
  const examination: Examination = { view, problems: undefined };
  checkMessages(examination);
  if (view.protocol === 'dashscope') checkInputNames(examination);
  checkParameters(examination);
  checkRules(examination);
  return examination.problems ?? CLEAN;
}
