import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { classify, explain } from '../src/classify.ts';
import { ERROR_RULES, OWN_CODES, type ErrorRule } from '../src/error-codes.ts';
import type { Verdict } from '../src/failure.ts';

const label = (rule: ErrorRule): string =>
  `${rule.status} ${rule.code} ${rule.messagePattern ?? ''}`.trim();

/** A failure that this rule is about: its example where it needs a text, else a text of nothing. */
function verdictOf(rule: ErrorRule, code: string): Verdict {
  return classify({
    kind: 'http',
    statusCode: rule.status,
    code,
    message: rule.messagePattern === null ? '' : (rule.example ?? ''),
    param: null,
    requestId: null,
    retryAfterMs: null,
    neverSent: false,
    body: null,
    usage: null,
  });
}

describe('the error table', () => {
  it.each(ERROR_RULES.map((rule) => [label(rule), rule] as const))(
    '%s: is reached, in both protocols',
    (_, rule) => {
      const native = rule.code === '*' ? 'brand_new_code' : rule.code.replace('*', 'BrandNew');
      const codes = new Set([native, rule.openaiCode ?? native]);
      for (const code of codes) {
        expect({ code, ...verdictOf(rule, code) }).toMatchObject({
          code,
          action: rule.action,
          scope: rule.scope,
          class: rule.class,
        });
      }
    },
  );

  it('message patterns: compile, and match their own example', () => {
    for (const rule of ERROR_RULES) {
      if (rule.messagePattern === null) continue;
      expect(rule.example, label(rule)).not.toBeNull();
      expect(rule.example, label(rule)).toMatch(new RegExp(rule.messagePattern, 'i'));
    }
  });

  it('message patterns: at most one open-ended quantifier, so that no text makes them slow', () => {
    for (const rule of ERROR_RULES) {
      const unbounded = (rule.messagePattern ?? '').match(/(?<!\\)[*+]|\{\d+,\}/g) ?? [];
      expect(unbounded.length, label(rule)).toBeLessThanOrEqual(1);
    }
  });

  it('message rules: none hides behind an earlier one', () => {
    for (const rule of ERROR_RULES) {
      if (rule.messagePattern === null || rule.code === '*') continue;
      for (const code of new Set([rule.code, rule.openaiCode ?? rule.code])) {
        expect(explain(code, rule.example ?? '')?.meaning, label(rule)).toBe(rule.meaning);
      }
    }
  });

  it('no rule stands twice', () => {
    const labels = ERROR_RULES.map(label);
    expect(labels.filter((text, at) => labels.indexOf(text) !== at)).toEqual([]);
  });

  it('every vendor fact: has a source, and a date unless it is a report', () => {
    for (const rule of ERROR_RULES) {
      expect(rule.source, label(rule)).not.toBe('');
      if (rule.evidence === 'reported' && rule.date === null) continue;
      expect(rule.date, label(rule)).toMatch(/^20\d\d-(0[1-9]|1[0-2])$/);
    }
  });

  it('action, scope and class: go together', () => {
    for (const { action, scope, class: kind, ...rule } of ERROR_RULES) {
      const scopes = {
        throttle: ['model'],
        retry: ['line'],
        fail: ['line'],
        stop: ['model', 'account'],
      };
      expect(scopes[action], rule.code).toContain(scope);
      expect(kind.startsWith('throttle_'), rule.code).toBe(action === 'throttle');
    }
  });

  it('throttles: no advice says that fewer calls run at once by themselves: the pace is lowered', () => {
    for (const rule of ERROR_RULES.filter(({ action }) => action === 'throttle')) {
      expect(rule.advice, label(rule)).not.toMatch(/qbatch lowers the concurrency/);
      expect(rule.adviceZh, label(rule)).not.toMatch(/qbatch 会降低并发/);
    }
  });

  it('advice: whole sentences, in English and in Chinese', () => {
    for (const row of [...ERROR_RULES, ...OWN_CODES]) {
      for (const text of [row.meaning, row.advice])
        expect(text, row.code).toMatch(/^[A-Z`\d"].*\.$/);
      for (const text of [row.meaningZh, row.adviceZh])
        expect(text, row.code).toMatch(/\p{Script=Han}.*。$/u);
    }
  });
});

describe("qbatch's own codes", () => {
  it('no code stands twice, and none is a service code', () => {
    const codes = OWN_CODES.map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(code).toMatch(/^qbatch_[a-z0-9_]+\*?$/);
  });

  it('every code that the sources name: is explained', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.ts') && !file.endsWith('error-codes.ts'),
    );
    const named = files.flatMap((file) =>
      [
        ...readFileSync(`src/${file}`, 'utf8').matchAll(/['"`](qbatch_[a-z0-9_]*[a-z0-9])['"`]/g),
      ].map((match) => match[1] ?? ''),
    );
    expect(named.length).toBeGreaterThan(0);
    expect([...new Set(named)].filter((code) => explain(code) === undefined)).toEqual([]);
  });
});
