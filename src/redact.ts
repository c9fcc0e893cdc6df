/** What stands in the place of a secret. */
export const REDACTED = '[redacted]';

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Shorter secrets (the `EMPTY` that self-hosted servers take as a key) are words, not secrets. */
const SECRET_CHARACTERS_MIN = 6;

/**
 * What Model Studio keys look like: `sk-` and letters and digits, with a short kind in between for
 * some (`sk-sp-...` of the coding plans; service contract 1.1, 2026). The lookbehind spares words
 * that end in `sk`, the lengths spare names such as `sk-learn`.
 */
const KEY_LIKE = /(?<![A-Za-z0-9])sk-(?:[a-z]{2,4}-)?[A-Za-z0-9]{16,}/g;

/**
 * Makes the function through which everything passes that is printed: each of `secrets`, also as
 * it looks inside JSON text or a URL, and whatever looks like a key becomes `[redacted]`.
 */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const redactValues = createValueRedactor(secrets);
  return (text) => redactKeyLike(redactValues(text));
}

/**
 * As {@link createRedactor}, but for the given values alone: for the texts of what is stored (its JSON:
 * `createJsonRedactor`), where text that merely looks like a key may be just what was asked for. Values of
 * fewer than 6 characters are left alone: replacing them would damage answers.
 */
export function createValueRedactor(secrets: readonly string[]): (text: string) => string {
  const forms = secretForms(secrets);
  return (text) => {
    let clean = text;
    for (const form of forms) {
      if (clean.includes(form)) clean = clean.replaceAll(form, REDACTED);
    }
    return clean;
  };
}

/**
 * How secrets may stand in a text: as they are, as JSON and URLs write them; longest first, so that where
 * one contains another no tail of the longer one stays behind. Without those that are too short.
 */
export function secretForms(secrets: readonly string[]): string[] {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < SECRET_CHARACTERS_MIN) continue;
    forms.add(secret);
    forms.add(JSON.stringify(secret).slice(1, -1));
    // A lone surrogate has no URL form (and no HTTP header could carry it).
    if (!LONE_SURROGATE.test(secret)) forms.add(encodeURIComponent(secret));
  }
  return [...forms].toSorted((a, b) => b.length - a.length);
}

/** Replaces whatever looks like a key; for messages written before the key is known. */
export function redactKeyLike(text: string): string {
  return text.replaceAll(KEY_LIKE, REDACTED);
}

/** True where `text` holds something that looks like a key. */
export function looksLikeKey(text: string): boolean {
  return text.search(KEY_LIKE) !== -1;
}
