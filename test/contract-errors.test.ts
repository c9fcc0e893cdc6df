import { describe, expect, test } from 'vitest';
import { classify } from '../src/classify.ts';
import { ERROR_RULES, type ErrorRule } from '../src/error-codes.ts';
import { dashscope } from '../src/protocols/dashscope.ts';
import { openai } from '../src/protocols/openai.ts';
import { asked } from './helpers/asked.ts';
import {
  CONTRACT_RULES,
  type ContractRule,
  errorCases,
  type ErrorCase,
  firstMatch,
  NO_CONTRACT,
  verdictOf,
} from './helpers/contract-errors.ts';

/** Where the project's table says something else than the contract, on purpose, and why. */
const DEVIATIONS: readonly {
  readonly code: string;
  readonly field: string;
  readonly contract: string;
  readonly ours: string;
  readonly why: string;
}[] = [
  ...['Throttling.BurstRate', 'limit_burst_rate'].map((code) => ({
    code,
    field: 'class',
    contract: 'throttle_rate',
    ours: 'throttle_burst',
    why: 'a burst says nothing about the quota; summaries tell the two apart',
  })),
  ...(
    [
      ['invalid_parameter_error', 'product is not activated', '^\\W*the product is not activated'],
      ['InvalidParameter', 'model not exist', '^\\W*model not exist'],
      ['InvalidParameter', 'url error, please check url', '^\\W*url error, please check url'],
    ] as const
  ).map(([code, contract, ours]) => ({
    code,
    field: 'message_pattern',
    contract,
    ours,
    why: 'a stop of the model needs a message that begins so: others quote text of the prompt',
  })),
  {
    code: 'InvalidParameter',
    field: 'message_pattern',
    contract: '"?prompt.* or .*messages.* must exist',
    ours: 'prompt.{0,3} or .{0,3}messages.{0,3} must exist',
    why: 'three open ends let a hostile text take seconds',
  },
  {
    code: 'WaitTaskTimeout',
    field: 'evidence',
    contract: 'community',
    ours: 'reported',
    why: 'the table has no word of its own for what client libraries say',
  },
];

/** Which fields of the project's rule stand for those of the contract's. */
function differencesOf(rule: ContractRule, own: ErrorRule): readonly object[] {
  const pairs: Readonly<Record<string, readonly [string | null, string | null]>> = {
    openai_code: [rule.openai_code ?? null, own.openaiCode],
    openai_type: [rule.openai_type ?? null, own.openaiType],
    message_pattern: [rule.message_pattern, own.messagePattern],
    surface: [rule.surface ?? 'call', own.surface],
    example: [rule.example ?? null, own.example],
    evidence: [rule.evidence, own.evidence],
    class: [rule.class, own.class],
    action: [verdictOf(rule).action, own.action],
    scope: [verdictOf(rule).scope, own.scope],
  };
  return Object.entries(pairs).flatMap(([field, [contract, ours]]) =>
    contract === ours ? [] : [{ code: rule.code, field, contract, ours }],
  );
}

/** The project's rules for the same status, code and text; a pattern is the same if it takes the example. */
function ownRulesOf(rule: ContractRule): readonly ErrorRule[] {
  return ERROR_RULES.filter(
    (own) =>
      own.status === rule.status &&
      own.code === rule.code &&
      (own.messagePattern === null) === (rule.message_pattern === null) &&
      own.example === (rule.example ?? null),
  );
}

/** What the program makes of a reply, from its bytes. */
function classified({ protocol, reply }: ErrorCase): object {
  const { status: statusCode, headers } = reply;
  const body = Buffer.from(reply.body);
  const decoder = { dashscope, openai }[protocol];
  const fold = decoder.fold({ statusCode, headers }, asked());
  const streamed = headers['content-type']?.startsWith('text/event-stream') === true;
  if (streamed) fold.push(body);
  const decoded = streamed ? fold.end() : decoder.decode({ statusCode, headers, body }, asked());
  if (decoded.kind === 'answer') return { answer: decoded.body };
  const { code, message } = decoded.failure;
  const verdict = classify(decoded.failure);
  return { code, message, class: verdict.class, action: verdict.action, scope: verdict.scope };
}

if (CONTRACT_RULES.length === 0) {
  test('the error rules of the contract: skipped', (context) => {
    context.skip(NO_CONTRACT);
  });
}

describe.runIf(CONTRACT_RULES.length > 0)("the contract's error rules", () => {
  const cases = errorCases();

  test('are all here, and each case shows its rule to the letter of the contract', () => {
    expect(CONTRACT_RULES.length).toBeGreaterThanOrEqual(183);
    const unfair = cases.filter(({ rule, code, message, expected }) => {
      const match = firstMatch({ status: rule.status, code, message });
      return match === undefined || JSON.stringify(verdictOf(match)) !== JSON.stringify(expected);
    });
    expect(unfair.map(({ id, rule }) => ({ id, ...rule }))).toEqual([]);
  });

  test('each stands once in the table, with all that the contract says but for the named deviations', () => {
    const found = CONTRACT_RULES.flatMap((rule) => {
      const own = ownRulesOf(rule);
      expect(own, `${rule.status} ${rule.code} ${rule.message_pattern}`).toHaveLength(1);
      return own.flatMap((one) => differencesOf(rule, one));
    });
    expect(found).toEqual(
      expect.arrayContaining(DEVIATIONS.map(({ why: _why, ...deviation }) => deviation)),
    );
    expect(found).toHaveLength(DEVIATIONS.length);
  });

  test('each, in both protocols, as JSON and as the first frame of a stream: class, action and scope', () => {
    expect(new Set(cases.map(({ rule }) => rule)).size).toBe(CONTRACT_RULES.length);
    const burst = DEVIATIONS.filter(({ field }) => field === 'class').map(({ code }) => code);
    const wrong = cases.flatMap((one) => {
      const { id, rule, code, message, expected } = one;
      const status = rule.status ?? 400;
      const wanted = {
        code: code ?? `qbatch_http_${status}`,
        message,
        ...expected,
        class: burst.includes(rule.code) ? 'throttle_burst' : expected.class,
      };
      const got = classified(one);
      return JSON.stringify(got) === JSON.stringify(wanted) ? [] : [{ id, wanted, got }];
    });
    expect(wrong).toEqual([]);
  });
});
