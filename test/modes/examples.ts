import { readdirSync, readFileSync } from 'node:fs';

/*
 * The examples of docs/modes.md: for each mode of the API reference a file of lines under
 * fixtures/modes, and beside this file the requests that they must lead to, as the reference prints
 * them. The requests are written by hand from the reference and from recorded requests, never
 * copied from what the encoder made.
 */

const EXAMPLES: URL = new URL('../../fixtures/modes/', import.meta.url);
const REQUESTS = new URL('requests/', import.meta.url);
const ENDING = '.jsonl';
const REFUSED_ENDING = '.invalid.jsonl';

/** A request as the reference has it, without the key, the host and `Content-Type`. */
export type DocumentedRequest = {
  /** `custom_id` of the line that leads to it. */
  readonly id: string;
  readonly path: string;
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** Names of the example files that may be sent, without their ending. */
export function exampleNames(): readonly string[] {
  return allNames(EXAMPLES, ENDING).filter((name) => !name.endsWith('.invalid'));
}

/** Names of the example files that are refused, without their ending. */
export function refusedNames(): readonly string[] {
  return allNames(EXAMPLES, REFUSED_ENDING);
}

/** Names of the files of documented requests, without their ending. */
export function requestFileNames(): readonly string[] {
  return allNames(REQUESTS, '.http');
}

function allNames(folder: URL, ending: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => name.slice(0, -ending.length))
    .toSorted();
}

/** The text of an example file. */
export function exampleText(name: string): string {
  return readFileSync(new URL(`${name}${ENDING}`, EXAMPLES), 'utf8');
}

/** All examples that may be sent, as one file. */
export function allExamples(): string {
  return exampleNames().map(exampleText).join('');
}

/** `custom_id` of each line of an example file. */
export function exampleIds(name: string): readonly string[] {
  return exampleText(name)
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { readonly custom_id: string }).custom_id);
}

/** The documented requests of a mode, in the order of its example's lines. */
export function documentedRequests(name: string): readonly DocumentedRequest[] {
  const text = readFileSync(new URL(`${name}.http`, REQUESTS), 'utf8');
  return text.split(/^### /m).slice(1).map(readRequest);
}

/** One block: the id, the method and path, headers, an empty line, the body on one line. */
function readRequest(block: string): DocumentedRequest {
  const [head = '', body = '', ...rest] = block.trimEnd().split('\n\n');
  const [id = '', request = '', ...headers] = head.split('\n');
  const path = /^POST (\/\S+)$/.exec(request)?.[1];
  if (path === undefined || body.includes('\n') || rest.length > 0) {
    throw new Error(`not a documented request: ### ${block}`);
  }
  const pairs = headers.map((line): [string, string] => {
    const at = line.indexOf(': ');
    return [line.slice(0, at).toLowerCase(), line.slice(at + 2)];
  });
  return { id, path, headers: Object.fromEntries(pairs), body };
}
