/**
 * The codes of all check results. Errors share one code (it becomes the line's `error.code` in the errors file); warnings
 * and notes have separate ones so that they can be counted and grouped.
 */
export const PROBLEM_CODES = {
  /** Error: wrong type, outside a documented range or enumeration, or documented to be refused. */
  invalid: 'qbatch_invalid_request',
  /** Warning: an undocumented name; it is sent as is. */
  unknownParameter: 'qbatch_unknown_parameter',
  /** Warning: a documented name in a place where it has no effect. */
  misplaced: 'qbatch_misplaced_parameter',
  /** Warning: null where null has no documented meaning. */
  nullParameter: 'qbatch_null_parameter',
  /** Warning: a documented constraint without a known consequence. */
  rule: 'qbatch_rule',
  /** Warning: documented as unavailable on this model; such lists go out of date quickly. */
  modelList: 'qbatch_model_list',
  /** Warning: thinking is on by default and the line does not set it; it costs money. */
  thinkingDefault: 'qbatch_thinking_default',
  /** Note: has no effect here. */
  noEffect: 'qbatch_no_effect',
  /** Note: the documentation advises against it. */
  advice: 'qbatch_advice',
  /** Note: still works, but is deprecated. */
  deprecated: 'qbatch_deprecated',
  /** Note: a model unknown to the catalog, whose rules cannot be checked. */
  unknownModel: 'qbatch_unknown_model',
} as const;

export type ProblemCode = (typeof PROBLEM_CODES)[keyof typeof PROBLEM_CODES];
