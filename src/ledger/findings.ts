/** Findings of one rule are listed up to this many; the rest is counted. */
const TOLD_MAX = 20;

type Rule = { readonly told: string[]; more: number };

/** Collects findings in bounded memory: per rule the first ones as text, the others counted. */
export class Findings {
  private readonly rules: Rule[] = [];

  /** Adds a finding that can occur only once. */
  add(finding: string): void {
    this.rules.push({ told: [finding], more: 0 });
  }

  /** Starts a rule that many lines may break. */
  rule(): { add(finding: string): void } {
    const rule: Rule = { told: [], more: 0 };
    this.rules.push(rule);
    return {
      add(finding) {
        if (rule.told.length < TOLD_MAX) rule.told.push(finding);
        else rule.more += 1;
      },
    };
  }

  /** All findings in the order of their rules. */
  all(): string[] {
    return this.rules.flatMap(({ told, more }) =>
      more === 0 ? told : [...told, `and ${more} more of this kind`],
    );
  }
}
