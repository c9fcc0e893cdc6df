import type { Problem } from '../problem.ts';
import { checkInputNames, checkParameters, checkTopLevel } from './check-parameters.ts';
import { breach } from './findings.ts';
import type { Examination } from './findings.ts';
import { checkHeaderUse } from './header-use.ts';
import { NAME_RULES } from './line-rules.ts';
import { checkMessages } from './messages.ts';
import type { RequestView } from './request-view.ts';
import { checkRules } from './rules.ts';

/** The result for every clean line: one shared, frozen array. */
const CLEAN: Problem[] = [];
Object.freeze(CLEAN);

/** Reported maximum body size of a text model, in bytes. Source: NAME_RULES.requestBytes. */
const TEXT_BYTES_MAX = 6_291_456;

/** A line is slightly longer than its body: custom_id, url and metadata are not sent. */
function checkBytes(examination: Examination): void {
  const { bytes, endpoint } = examination.view;
  if (bytes <= TEXT_BYTES_MAX || endpoint !== 'text-generation') return;
  breach(examination, NAME_RULES.requestBytes, '', `the line has ${bytes} bytes`);
}

/**
 * Every check of a request before it is sent: errors (the service is documented to refuse it), warnings (documented
 * constraints, unknown names, defaults that cost money) and notes (no effect). Empty for a clean request.
 *
 * Messages first, then each parameter by itself, then the rules between them. Pure; never throws for any JSON line. The
 * empty result is frozen and shared: do not add to it. Codes are those of `PROBLEM_CODES`; sources and dates are in the
 * tables.
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
