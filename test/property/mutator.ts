import type { Severity } from '../../src/problem.ts';
import type { Random } from '../helpers/random.ts';
import type { Draft, DraftShape } from './request-draft.ts';

/** How to break one rule of service.md and nothing else, and what has to be said about it. */
export type Mutator = {
  /** The rule's id, or the name of the parameter whose documented values are left. */
  readonly breaks: string;
  readonly model?: string;
  readonly shape?: DraftShape;
  readonly severity: Severity;
  /** Where the problem stands: the end of its path. */
  readonly at: string;
  /** Words that the message must have, as service.md has them. */
  readonly says: string;
  /** What the user's catalog file says of the model (cli.md `--catalog`). */
  readonly catalog?: Readonly<Record<string, unknown>>;
  /** Calls go to Batch Chat once the line is broken. */
  readonly batchChat?: true;
  /** What the request has before, and is right with. */
  readonly given?: (draft: Draft, random: Random) => void;
  readonly mutate: (draft: Draft, random: Random) => void;
};

/** Sets parameters. */
export function set(values: Readonly<Record<string, unknown>>): (draft: Draft) => void {
  return (draft) => {
    Object.assign(draft.parameters, values);
  };
}

/** Sets the messages. */
export function say(...messages: readonly unknown[]): (draft: Draft) => void {
  return (draft) => {
    draft.messages = messages;
  };
}

export const user = (content: unknown): unknown => ({ role: 'user', content });
export const TEXT = user('请用一句话介绍西湖。');
