import type { Problem } from '../problem.ts';
import { checkInputNames, checkParameters, checkTopLevel } from './check-parameters.ts';
import { breach } from './findings.ts';
import type { Examination } from './findings.ts';
import { checkHeaderUse } from './header-use.ts';
import { NAME_RULES } from './line-rules.ts';
import { checkMessages } from './messages.ts';
import type { RequestView } from './request-view.ts';
import { checkRules } from './rules.ts';

/** What every clean line gets: one shared array that nobody can add to. */
const CLEAN: Problem[] = [];
Object.freeze(CLEAN);

/** Most bytes of a body that a text model is reported to take. Source: NAME_RULES.requestBytes. */
const TEXT_BYTES_MAX = 6_291_456;

/** A line is a little longer than the body it becomes: custom_id, url and metadata are not sent. */
function checkBytes(examination: Examination): void {
  const { bytes, endpoint } = examination.view;
  if (bytes <= TEXT_BYTES_MAX || endpoint !== 'text-generation') return;
  breach(examination, NAME_RULES.requestBytes, '', `the line has ${bytes} bytes`);
}

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
  if (view.protocol === 'dashscope') {
    checkInputNames(examination);
    checkTopLevel(examination);
  }
  checkParameters(examination);
  checkRules(examination);
  checkHeaderUse(examination);
  checkBytes(examination);
  return examination.problems ?? CLEAN;
}
