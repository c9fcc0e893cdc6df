import { existsSync, readFileSync } from 'node:fs';

/*
 * The error rules of the wire contract as exchanges to be played, and what the contract says about
 * each. Read where they lie; nothing here is shared with the code under test.
 */

/** One rule of the contract's `error-codes.json`. */
export type ContractRule = {
  readonly status: number | null;
  readonly code: string;
  readonly openai_code?: string;
  readonly openai_type?: string;
  readonly message_pattern: string | null;
  readonly class: string;
  readonly action: 'stop_job' | 'fail_item' | 'retry';
  readonly scope: 'item' | 'model' | 'account';
  readonly surface?: string;
  readonly evidence: string;
  /** The service's text; alternatives are separated by ` / `. */
  readonly example?: string;
  readonly source: string;
};

/** What becomes of a failure, in the words of the program. */
export type ContractVerdict = {
  readonly class: string;
  readonly action: 'throttle' | 'retry' | 'fail' | 'stop';
  readonly scope: 'line' | 'model' | 'account';
};

/**
 * How an error arrives: as JSON; in a stream's first frame (natively behind a 200, with the status
 * in a comment; on the other endpoint behind the status itself); `chunk`: behind a 200, without a
 * status.
 */
export type ErrorForm = 'json' | 'stream' | 'chunk';

/** One rule in one protocol and form: the reply to give, and what the contract says of it. */
export type ErrorCase = {
  readonly id: string;
  readonly rule: ContractRule;
  readonly protocol: 'dashscope' | 'openai';
  readonly form: ErrorForm;
  /** The code as it stands in the reply; null: there is none. */
  readonly code: string | null;
  readonly message: string;
  readonly reply: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
  readonly expected: ContractVerdict;
};

const FILE = new URL('../../../shared/contract/error-codes.json', import.meta.url);

/** The rules in their order; none where the contract is not beside this working copy. */
export const CONTRACT_RULES: readonly ContractRule[] = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as readonly ContractRule[])
  : [];

/** Why tests of the contract are skipped where it is absent. */
export const NO_CONTRACT = 'no ../shared/contract/error-codes.json beside this working copy';

/** A rule that says nothing about the status is played with this one. */
const ANY_STATUS = 400;
/** A text that no pattern of the contract knows. */
const NO_TEXT = 'Nothing more is known.';

/**
 * The contract's verdict in the program's words. It has no word for a throttle, which is retried at
 * no cost while the model is slowed down: that is the program's answer to its two throttle classes.
 */
export function verdictOf(rule: ContractRule): ContractVerdict {
  if (rule.class.startsWith('throttle_')) {
    return { class: rule.class, action: 'throttle', scope: 'model' };
  }
  const scope = rule.scope === 'item' ? 'line' : rule.scope;
  const action = rule.action === 'retry' ? 'retry' : rule.action === 'fail_item' ? 'fail' : 'stop';
  return { class: rule.class, action, scope };
}

/** The service's texts for a rule; one that says nothing where the contract has none. */
function textsOf(rule: ContractRule): readonly string[] {
  return rule.example?.split(' / ') ?? [NO_TEXT];
}

function knows(rule: ContractRule, code: string): boolean {
  if (rule.code === code || rule.openai_code === code) return true;
  return rule.code.length > 1 && rule.code.endsWith('*') && code.startsWith(rule.code.slice(0, -1));
}

/**
 * The rule that section 5.4 of the contract picks: the code's rule whose message fits, the code's
 * with this status, the code's with any, the status's. `status` null: not known.
 */
export function firstMatch(error: {
  readonly status: number | null;
  readonly code: string | null;
  readonly message: string;
}): ContractRule | undefined {
  const { status, code, message } = error;
  const ofCode = code === null ? [] : CONTRACT_RULES.filter((rule) => knows(rule, code));
  const general = ofCode.filter((rule) => rule.message_pattern === null);
  const ofStatus = CONTRACT_RULES.filter((rule) => rule.code === '*');
  return (
    ofCode.find(
      ({ message_pattern: pattern }) => pattern !== null && new RegExp(pattern, 'i').test(message),
    ) ??
    general.find((rule) => rule.status === status) ??
    general[0] ??
    ofStatus.find((rule) => rule.status === status)
  );
}

function codeIn(rule: ContractRule, protocol: ErrorCase['protocol']): string | null {
  if (rule.code === '*') return null;
  const native = rule.code.replace('*', 'NeverSeenBefore');
  return protocol === 'openai' ? (rule.openai_code ?? native) : native;
}

const EVENT_STREAM = { 'content-type': 'text/event-stream;charset=UTF-8' };
const JSON_BODY = { 'content-type': 'application/json' };

function replyOf(
  { protocol, form, code, message }: Pick<ErrorCase, 'protocol' | 'form' | 'code' | 'message'>,
  rule: ContractRule,
  id: string,
): ErrorCase['reply'] {
  const status = rule.status ?? ANY_STATUS;
  if (protocol === 'dashscope') {
    const body = JSON.stringify({ ...(code === null ? {} : { code }), message, request_id: id });
    if (form === 'json') return { status, headers: JSON_BODY, body };
    const frame = `id:1\nevent:error\n:HTTP_STATUS/${status}\ndata:${body}\n\n`;
    return { status: 200, headers: EVENT_STREAM, body: frame };
  }
  const error = { message, type: rule.openai_type ?? code, param: null, code };
  const body = JSON.stringify({ error, request_id: id });
  if (form === 'json') return { status, headers: JSON_BODY, body };
  const head = form === 'chunk' ? 200 : status;
  return { status: head, headers: EVENT_STREAM, body: `data: ${body}\n\n` };
}

function sameVerdict(one: ContractRule | undefined, other: ContractRule): boolean {
  return one !== undefined && JSON.stringify(verdictOf(one)) === JSON.stringify(verdictOf(other));
}

const SHAPES = [
  ['dashscope', 'json'],
  ['dashscope', 'stream'],
  ['openai', 'json'],
  ['openai', 'stream'],
  ['openai', 'chunk'],
] as const;

/**
 * Every rule in every text, protocol and form that shows what the contract needs to tell it: a chunk
 * behind a 200 has no status, so only codes are played there that mean the same with any.
 */
export function errorCases(): readonly ErrorCase[] {
  return CONTRACT_RULES.flatMap((rule, at) =>
    textsOf(rule).flatMap((message, text) =>
      SHAPES.flatMap(([protocol, form]): readonly ErrorCase[] => {
        const code = codeIn(rule, protocol);
        if (form === 'chunk' && !sameVerdict(firstMatch({ status: null, code, message }), rule)) {
          return [];
        }
        const id = `rule-${at + 1}-${text + 1}-${protocol}-${form}`;
        const shape = { id, rule, protocol, form, code, message, expected: verdictOf(rule) };
        return [{ ...shape, reply: replyOf(shape, rule, id) }];
      }),
    ),
  );
}
