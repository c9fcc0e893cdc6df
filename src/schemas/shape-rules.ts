import { CONTENT_RULES, MEDIA_RULES } from './content-rules.ts';
import { HEADER_RULES, NAME_RULES } from './line-rules.ts';
import { CALL_RULES, MESSAGE_RULES } from './message-rules.ts';
import type { ShapeRule } from './shape-rule.ts';

/** All rules applied by walks; those between parameters, messages and model are in `RULES`. */
export const SHAPE_RULES: readonly ShapeRule[] = [
  MESSAGE_RULES,
  CALL_RULES,
  CONTENT_RULES,
  MEDIA_RULES,
  NAME_RULES,
  HEADER_RULES,
].flatMap((rules): readonly ShapeRule[] => Object.values(rules));
