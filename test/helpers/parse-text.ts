import { encodeRequest } from '../../src/encode.ts';
import { loadCatalog } from '../../src/models/catalog.ts';
import { parseLine, type Rejected, type Request } from '../../src/parse.ts';
import type { HttpCall } from '../../src/protocols/protocol.ts';
import type { LineDefaults } from '../../src/input/request-parts.ts';

const catalog = loadCatalog();

/** What the command line says for lines that do not; nothing unless a test says so. */
export function defaultsOf(fields: Partial<LineDefaults> = {}): LineDefaults {
  return {
    model: undefined,
    system: undefined,
    protocol: 'auto',
    set: new Map(),
    strict: false,
    catalog,
    scope: 'cn',
    batchChat: false,
    ...fields,
  };
}

/** Parses a line as it stands in a file. */
export function parseText(
  line: unknown,
  defaults: Partial<LineDefaults> = {},
  lineNo = 5,
): Request | Rejected {
  const text = typeof line === 'string' ? line : JSON.stringify(line);
  return parseLine(
    { lineNo, byteOffset: 0, bytes: Buffer.from(text), text, problem: null },
    defaultsOf(defaults),
  );
}

/** The request of a line that must be valid. */
export function requestOf(line: unknown, defaults: Partial<LineDefaults> = {}): Request {
  const parsed = parseText(line, defaults);
  if (parsed.kind === 'rejected') throw new Error(`rejected: ${JSON.stringify(parsed.problems)}`);
  return parsed;
}

/** The call that a valid line makes, its body as text. */
export function callOf(
  line: unknown,
  defaults: Partial<LineDefaults> = {},
): Omit<HttpCall, 'body'> & { readonly body: string } {
  const call = encodeRequest(requestOf(line, defaults));
  return { ...call, body: call.body.toString() };
}

/** `path: message` of the errors of a line that must be invalid. */
export function errorsOf(line: unknown, defaults: Partial<LineDefaults> = {}): string[] {
  const parsed = parseText(line, defaults);
  if (parsed.kind === 'request') throw new Error('it was accepted');
  return parsed.problems
    .filter(({ severity }) => severity === 'error')
    .map(({ path, message }) => `${path}: ${message}`);
}
