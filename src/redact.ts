/** The replacement of a secret. */
export const REDACTED = '[redacted]';

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Shorter secrets (the `EMPTY` that self-hosted servers take as a key) are words, not secrets. */
const SECRET_CHARACTERS_MIN = 6;

/**
 * The format of Model Studio keys: `sk-` and letters and digits, with a short kind in between for some (`sk-sp-...` of the
 * coding plans; service contract 1.1, 2026). The lookbehind spares words that end in `sk`, the lengths spare names such as
 * `sk-learn`.
 */
const KEY_LIKE = /(?<![A-Za-z0-9])sk-(?:[a-z]{2,4}-)?[A-Za-z0-9]{16,}/g;

/**
 * Creates the function that everything printed passes through: each of `secrets`, also in its JSON and URL encodings, and
 * whatever looks like a key becomes `[redacted]`.
 */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const redactValues = createValueRedactor(secrets);
  return (text) => redactKeyLike(redactValues(text));
}

/**
 * Like {@link createRedactor}, but only for the given values: for stored texts (for stored JSON see `createJsonRedactor`),
 * where text that merely looks like a key may be legitimate. Values of fewer than 6 characters are left alone: replacing
 * them would damage answers. A text may be a prefix of JSON: escapes are decoded there too.
 */
export function createValueRedactor(secrets: readonly string[]): (text: string) => string {
  const forms = secretForms(secrets);
  if (forms.length === 0) return (text) => text;
  const spelled = forms.map((form) => Array.from(form, spellings).join(''));
  const escaped = new RegExp(spelled.join('|'), 'g');
  return (text) => {
    let clean = text;
    for (const form of forms) {
      if (clean.includes(form)) clean = clean.replaceAll(form, REDACTED);
    }
    return clean.includes(ASCII_ESCAPE) ? clean.replaceAll(escaped, REDACTED) : clean;
  };
}

/** Secrets are ASCII: each of their characters may be written as such an escape. */
export const ASCII_ESCAPE = '\\u00';

/** A pattern for all JSON spellings of one character. */
export function spellings(character: string): string {
  const written = JSON.stringify(character).slice(1, -1);
  const literal = written.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  if (character.length > 1) return literal;
  const hex = character.charCodeAt(0).toString(16).padStart(4, '0');
  const digits = hex.replaceAll(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
  return String.raw`(?:${character === '/' ? String.raw`\\?/` : literal}|\\u${digits})`;
}

/**
 * The forms in which secrets may occur in a text: plain, JSON- and URL-encoded; longest first, so that if one contains
 * another no tail of the longer one remains. Omits those that are too short.
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
