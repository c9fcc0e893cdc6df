import { stringEnd } from './json-scan.ts';
import { ASCII_ESCAPE, REDACTED, secretForms, spellings } from '../redact.ts';

/** Every JSON escape: each is one character of its text, of which no part may be replaced. */
const ESCAPE = String.raw`\\u[0-9a-fA-F]{4}|\\[^]`;

/**
 * Like `createValueRedactor`, for JSON text: only inside its strings (including keys), in any JSON spelling, so that the
 * text stays valid JSON. A secret made of digits is not one as part of a number, and replacing it there would leave
 * unparseable JSON.
 */
export function createJsonRedactor(secrets: readonly string[]): (json: string) => string {
  const forms = secretForms(secrets);
  if (forms.length === 0) return (json) => json;
  const spelled = forms.map((form) => Array.from(form, spellings).join(''));
  const secret = new RegExp(spelled.join('|'));
  const secretOrEscape = new RegExp(`(${spelled.join('|')})|${ESCAPE}`, 'g');
  const plain = [...new Set(forms.flatMap(plainSpellings))];
  // Nearly every reply holds neither and is only searched, for zeros first: backslashes are frequent in any text.
  const mayHold = (json: string): boolean =>
    plain.some((form) => json.includes(form)) ||
    (json.includes('00') && json.includes(ASCII_ESCAPE) && secret.test(json));
  const clean = (found: string, isSecret: string | undefined): string =>
    isSecret === undefined ? found : REDACTED;
  return (json) => {
    if (!mayHold(json)) return json;
    let redacted = '';
    let from = 0;
    for (let start = json.indexOf('"'); start !== -1; start = json.indexOf('"', from)) {
      const end = stringEnd(json, start);
      redacted += json.slice(from, start) + json.slice(start, end).replace(secretOrEscape, clean);
      from = end;
    }
    return redacted + json.slice(from);
  };
}

/** The two spellings that JSON writers use by default; some escape the slash. */
function plainSpellings(form: string): string[] {
  const json = JSON.stringify(form).slice(1, -1);
  return [json, json.replaceAll('/', '\\/')];
}
