import { stringEnd } from './json-scan.ts';
import { ASCII_ESCAPE, REDACTED, secretForms, spellings } from '../redact.ts';

/** Every escape that JSON has: one is a character of its text, of which no part may be replaced. */
const ESCAPE = String.raw`\\u[0-9a-fA-F]{4}|\\[^]`;

/**
 * As `createValueRedactor`, for JSON text: only inside its strings (names of members too), in whatever way JSON
 * may spell them, so that the text stays valid JSON. A secret of digits is no secret as a part of a number, and
 * one taken out of there would leave an answer that nobody can read.
 */
export function createJsonRedactor(secrets: readonly string[]): (json: string) => string {
  const forms = secretForms(secrets);
  if (forms.length === 0) return (json) => json;
  const spelled = forms.map((form) => Array.from(form, spellings).join(''));
  const secret = new RegExp(spelled.join('|'));
  const secretOrEscape = new RegExp(`(${spelled.join('|')})|${ESCAPE}`, 'g');
  const plain = [...new Set(forms.flatMap(plainSpellings))];
  // Nearly every reply holds neither and is only searched, for zeros first: backslashes are many in any text.
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

/** The two that writers of JSON use without being asked to escape more; some escape the slash. */
function plainSpellings(form: string): string[] {
  const json = JSON.stringify(form).slice(1, -1);
  return [json, json.replaceAll('/', '\\/')];
}
