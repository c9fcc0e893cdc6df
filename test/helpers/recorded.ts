import { existsSync, readFileSync } from 'node:fs';

/*
 * Replies recorded from the service or printed in its documentation, and a reading of them that
 * shares nothing with the code under test. They are read where they lie and are no part of this
 * project.
 */

const FOLDER = new URL('../../../shared/contract/recorded/', import.meta.url);
const INDEX = new URL('index.json', FOLDER);

/** One entry of the index. */
type Entry = {
  readonly file: string;
  readonly kind: string;
  readonly http_status: number;
  readonly response_headers?: Readonly<Record<string, string>>;
  readonly request_body?: RecordedRequest;
};

/** The request that led to a reply, where the index has it. */
export type RecordedRequest = {
  readonly model: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly parameters?: Readonly<Record<string, unknown>>;
};

/** One exchange with a language model. */
export type Recorded = {
  /** Name of the file, without its ending; for a line of a batch output with its number. */
  readonly id: string;
  readonly kind: string;
  readonly protocol: 'dashscope' | 'openai';
  readonly streamed: boolean;
  readonly isError: boolean;
  readonly status: number;
  /** As recorded, less what belongs to the connection. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly request: RecordedRequest | null;
  /** Of the request, else the one that the reply names. */
  readonly model: string;
};

type Message = {
  readonly content?: string | readonly { readonly text?: string }[] | null;
  readonly reasoning_content?: string | null;
  readonly tool_calls?: readonly ToolCall[] | null;
};
type ToolCall = {
  readonly index?: number;
  readonly id?: string;
  readonly function?: { readonly name?: string; readonly arguments?: string };
};
type Choice = {
  readonly index?: number;
  readonly message?: Message;
  readonly delta?: Message;
  readonly finish_reason?: string | null;
};
type Fields = Readonly<Record<string, unknown>>;

/** A reply's JSON, or one frame of a stream. */
export type Frame = {
  readonly output?: {
    readonly text?: string | null;
    readonly finish_reason?: string | null;
    readonly choices?: readonly Choice[];
    readonly message?: Message & { readonly phase?: string; readonly status?: string };
    readonly search_info?: unknown;
  };
  readonly choices?: readonly Choice[];
  readonly usage?: Fields | null;
  readonly request_id?: string;
  readonly model?: string;
};

/** What an answer says, however it came. */
export type Reading = {
  readonly choices: readonly {
    readonly content: string;
    readonly reasoning: string;
    readonly toolCalls: readonly {
      readonly id: string;
      readonly name: string;
      readonly arguments: string;
    }[];
    readonly finishReason: string | null;
  }[];
  /** Raw, of the last frame that has one. */
  readonly usage: Fields | null;
  readonly requestId: string | null;
  /** All else that says something: members of the reply and of `output`, the last of each. */
  readonly extras: Fields;
};

/** True where the recordings are beside this working copy. */
export const RECORDINGS_PRESENT: boolean = existsSync(INDEX);

/** Why their tests are skipped where they are absent. */
export const NO_RECORDINGS = 'no ../shared/contract/recorded beside this working copy';

/** Kinds whose replies come from a language model, or are its errors; the rest are files, tasks, batches. */
const OF_A_MODEL =
  /^(?:native|compat-(?:chat|ocr|translation|asr)|compat-batch-output$|batch-chat$|error-(?:native|compat|files)|deep-research)/;
const OF_THE_CONNECTION = new Set(['transfer-encoding', 'content-length', 'connection']);

/** Every exchange with a language model, in the order of the index; none where they are absent. */
export function recordedExchanges(): readonly Recorded[] {
  if (!RECORDINGS_PRESENT) return [];
  const { entries } = JSON.parse(readFileSync(INDEX, 'utf8')) as { entries: readonly Entry[] };
  return entries.filter(({ kind }) => OF_A_MODEL.test(kind)).flatMap(exchangesOf);
}

/** The recorded frames of deep research, which are single frames of one stream, as one stream. */
export function wholeDeepResearch(exchanges: readonly Recorded[]): Recorded {
  const parts = exchanges.filter(isResearch);
  const [first] = parts;
  if (first === undefined) throw new Error('no deep research among the recordings');
  return {
    ...first,
    id: 'deep-research-whole',
    body: Buffer.concat(parts.map(({ body }) => body)),
  };
}

/** True for a frame of deep research. */
export function isResearch({ kind }: Recorded): boolean {
  return kind.startsWith('deep-research');
}

function exchangesOf(entry: Entry): readonly Recorded[] {
  const bytes = readFileSync(new URL(entry.file, FOLDER));
  const [id = entry.file] = entry.file.split('.');
  const compatible = /compat|^batch/.test(entry.kind);
  const headers = Object.entries(entry.response_headers ?? {}).filter(
    ([name]) => !OF_THE_CONNECTION.has(name),
  );
  const streamed = entry.file.endsWith('.sse');
  const known: Recorded = {
    id,
    kind: entry.kind,
    protocol: compatible ? 'openai' : 'dashscope',
    streamed,
    isError: entry.kind.startsWith('error-'),
    status: entry.http_status,
    headers: {
      ...(streamed ? { 'content-type': 'text/event-stream' } : {}),
      ...Object.fromEntries(headers),
    },
    body: bytes,
    request: entry.request_body ?? null,
    model: entry.request_body?.model ?? modelIn(bytes),
  };
  if (!entry.file.endsWith('.jsonl')) return [known];
  // A batch's output: each of its lines holds what the same call would have answered.
  const lines = bytes.toString('utf8').trim().split('\n');
  return lines.map((line, at) => {
    const { response } = JSON.parse(line) as { response: { body: unknown } };
    const body = Buffer.from(JSON.stringify(response.body));
    return { ...known, id: `${id}-${at + 1}`, headers: {}, body, model: modelIn(body) };
  });
}

function modelIn(body: Buffer): string {
  return /"model":\s*"([^"]+)"/.exec(body.toString('utf8'))?.[1] ?? 'qwen-plus';
}

/** Code (null: none), message and whole JSON of an error's body. */
export function errorIn({ body }: Recorded): {
  code: string | null;
  message: string;
  raw: unknown;
} {
  const raw = JSON.parse(body.toString('utf8')) as {
    code?: string;
    message?: string;
    error?: { code?: string | null; type?: string | null; message?: string };
  };
  const { code, type, message } = { type: null, ...(raw.error ?? raw) };
  return { code: code ?? type ?? null, message: message ?? '', raw };
}

/** The JSON of a reply, or of every data line of a stream. */
export function framesOf({ streamed, body }: Recorded): readonly Frame[] {
  const text = body.toString('utf8');
  if (!streamed) return [JSON.parse(text) as Frame];
  return text
    .split('\n')
    .filter((line) => line.startsWith('data:') && !line.includes('[DONE]'))
    .map((line) => JSON.parse(line.slice('data:'.length)) as Frame);
}

/**
 * Reads an answer out of its frames, each of which brings what is new: texts and arguments are
 * joined, ids, names, usage and the finish reason are those that say something.
 */
export function readAnswer(frames: readonly Frame[]): Reading {
  const all = frames.flatMap(choicesOf);
  const indexes = [...new Set(all.map(({ index }) => index ?? 0))].toSorted((a, b) => a - b);
  return {
    choices: indexes.map((wanted) => {
      const own = all.filter(({ index }) => (index ?? 0) === wanted);
      const messages = own.map(({ message, delta }) => message ?? delta ?? {});
      const reasons = own.map(({ finish_reason: reason }) => reason ?? 'null');
      return {
        content: messages.map(textOf).join(''),
        reasoning: messages.map((message) => message.reasoning_content ?? '').join(''),
        toolCalls: toolCallsOf(messages),
        finishReason: reasons.findLast((reason) => reason !== 'null') ?? null,
      };
    }),
    usage: frames.findLast(({ usage }) => usage && Object.keys(usage).length > 0)?.usage ?? null,
    requestId: frames.findLast(({ request_id: id }) => id !== undefined)?.request_id ?? null,
    extras: extrasOf(frames),
  };
}

const NO_EXTRAS = new Set([
  'output',
  'choices',
  'usage',
  'object',
  'message',
  'text',
  'finish_reason',
]);

function extrasOf(frames: readonly Frame[]): Fields {
  const members = frames.flatMap((frame) => [
    ...Object.entries(frame),
    ...Object.entries(frame.output ?? {}),
  ]) as [string, unknown][];
  const telling = members.filter(
    ([name, value]) =>
      !NO_EXTRAS.has(name) && !['null', '""', '[]', '{}'].includes(JSON.stringify(value)),
  );
  return Object.fromEntries(telling);
}

/** The choices of a frame; a text or a research message is one choice. */
function choicesOf({ output, choices }: Frame): readonly Choice[] {
  const known = output?.choices ?? choices;
  if (known !== undefined) return known;
  if (output?.message !== undefined) {
    const { phase, status } = output.message;
    if (phase !== 'answer') return [];
    return [{ message: output.message, finish_reason: status === 'finished' ? 'stop' : 'null' }];
  }
  if (typeof output?.text !== 'string') return [];
  return [{ message: { content: output.text }, finish_reason: output.finish_reason ?? null }];
}

function textOf({ content }: Message): string {
  const known = content ?? '';
  return typeof known === 'string' ? known : known.map(({ text }) => text ?? '').join('');
}

function toolCallsOf(messages: readonly Message[]): Reading['choices'][number]['toolCalls'] {
  const calls = new Map<number, { id: string; name: string; arguments: string }>();
  for (const message of messages) {
    for (const { index = 0, id, function: called } of message.tool_calls ?? []) {
      const known = calls.get(index) ?? { id: '', name: '', arguments: '' };
      calls.set(index, {
        id: known.id === '' ? (id ?? '') : known.id,
        name: known.name === '' ? (called?.name ?? '') : known.name,
        arguments: known.arguments + (called?.arguments ?? ''),
      });
    }
  }
  return [...calls].toSorted(([one], [other]) => one - other).map(([, call]) => call);
}

/** Sums of tokens over readings, in the words of `--json`; null where no reply has the field. */
export function tokenSums(readings: readonly Reading[]): Readonly<Record<string, number | null>> {
  const details = (usage: Fields, names: readonly string[], field: string): unknown =>
    names
      .map((name) => (usage[name] as Fields | null | undefined)?.[field])
      .find((value) => typeof value === 'number');
  const ofEach = readings.map(({ usage }) => {
    const fields = usage ?? {};
    const input = fields['input_tokens'] ?? fields['prompt_tokens'];
    const output = fields['output_tokens'] ?? fields['completion_tokens'];
    const both = typeof input === 'number' && typeof output === 'number' ? input + output : null;
    return {
      input_tokens: input,
      output_tokens: output,
      total_tokens: fields['total_tokens'] ?? both,
      cached_tokens:
        details(fields, ['prompt_tokens_details', 'input_tokens_details'], 'cached_tokens') ??
        fields['cached_tokens'],
      reasoning_tokens: details(
        fields,
        ['output_tokens_details', 'completion_tokens_details'],
        'reasoning_tokens',
      ),
    };
  });
  const names = [
    'input_tokens',
    'output_tokens',
    'total_tokens',
    'cached_tokens',
    'reasoning_tokens',
  ] as const;
  return Object.fromEntries(
    names.map((name) => {
      const numbers = ofEach.map((one) => one[name]).filter((value) => typeof value === 'number');
      return [name, numbers.length === 0 ? null : numbers.reduce((sum, one) => sum + one, 0)];
    }),
  );
}
