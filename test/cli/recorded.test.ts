import { describe, expect, test } from 'vitest';
import { openBench, parseJsonLines } from '../helpers/bench.ts';
import { firstMatch, verdictOf } from '../helpers/contract-errors.ts';
import { promptFor, type Reaction, startCountingServer } from '../helpers/counting-server.ts';
import {
  errorIn,
  type Frame,
  framesOf,
  isResearch,
  NO_RECORDINGS,
  readAnswer,
  type Recorded,
  recordedExchanges,
  RECORDINGS_PRESENT,
  tokenSums,
  wholeDeepResearch,
} from '../helpers/recorded.ts';
import { envelopeLine, jsonl } from '../helpers/request-lines.ts';
import { runCli, startCli } from '../helpers/spawn-cli.ts';

type Message = { readonly role: string; readonly content: unknown };

/** The recorded messages with the line's mark in the first one of the user, in its own form. */
function marked(id: string, { input, model }: NonNullable<Recorded['request']>): object {
  const mark = promptFor(id);
  const messages = input['messages'] as readonly Message[] | undefined;
  if (messages === undefined || messages.length === 0) return { prompt: mark };
  const at = messages.findIndex(({ role }) => role === 'user');
  return {
    messages: messages.map((message, index) => {
      if (index !== at) return message;
      const { content } = message;
      const part = model === 'qwen-doc-turbo' ? { type: 'text', text: mark } : { text: mark };
      return {
        ...message,
        content: Array.isArray(content) ? [...(content as unknown[]), part] : mark,
      };
    }),
  };
}

const TRANSLATION = { translation_options: { source_lang: 'auto', target_lang: 'English' } };

/** The line that leads to a recorded reply: its own request where that was recorded. */
function lineOf({ id, protocol, streamed, request, model, kind }: Recorded): string {
  if (protocol === 'openai') {
    const translation = model.startsWith('qwen-mt') ? TRANSLATION : {};
    return envelopeLine(id, { model, ...translation, ...(streamed ? { stream: true } : {}) });
  }
  const headers = streamed ? { headers: { 'X-DashScope-SSE': 'enable' } } : {};
  if (request !== null) {
    const input = marked(id, request);
    return JSON.stringify({ custom_id: id, ...request, input, ...headers });
  }
  if (kind.startsWith('deep-research')) {
    const [question, about] = ['请问重点研究哪些方面？', '个性化学习'];
    const messages = [
      { role: 'user', content: promptFor(id) },
      { role: 'assistant', content: question },
      { role: 'user', content: about },
    ];
    const members = { model: 'qwen-deep-research', input: { messages }, ...headers };
    return JSON.stringify({ custom_id: id, ...members });
  }
  const seeing = /ocr|asr/.test(kind);
  const content = seeing ? [{ text: promptFor(id) }] : promptFor(id);
  const input = { messages: [{ role: 'user', content }] };
  return JSON.stringify({ custom_id: id, model: seeing ? 'qwen-vl-plus' : model, input });
}

function replay({ status, headers, body }: Recorded): Reaction {
  return { kind: 'raw', status, headers, body: body.toString('utf8') };
}

function verdict(recorded: Recorded): ReturnType<typeof verdictOf> {
  const { code, message } = errorIn(recorded);
  const rule = firstMatch({ status: recorded.status, code, message });
  if (rule === undefined) throw new Error(`the contract has no rule for ${recorded.id}`);
  return verdictOf(rule);
}

if (!RECORDINGS_PRESENT) {
  test('recorded replies through the program: skipped', (context) => {
    context.skip(NO_RECORDINGS);
  });
}

describe.runIf(RECORDINGS_PRESENT)('recorded replies, through the program', () => {
  const exchanges = recordedExchanges();
  const isWhole = (one: Recorded): boolean =>
    !one.isError && (!isResearch(one) || readAnswer(framesOf(one)).choices.length > 0);
  const answers = RECORDINGS_PRESENT
    ? [...exchanges.filter(isWhole), wholeDeepResearch(exchanges)]
    : [];
  const torn = exchanges.filter((one) => !one.isError && !isWhole(one));
  const errors = exchanges.filter(({ isError }) => isError);
  const ofAction = (action: string, scope: string): readonly Recorded[] =>
    errors.filter((one) => verdict(one).action === action && verdict(one).scope === scope);

  test('every recorded exchange is played below', () => {
    const played = [
      ...ofAction('fail', 'line'),
      ...ofAction('throttle', 'model'),
      ...ofAction('stop', 'model'),
      ...ofAction('stop', 'account'),
    ];
    expect(played.map(({ id }) => id).toSorted()).toEqual(errors.map(({ id }) => id).toSorted());
    expect(answers.length - 1 + torn.length + errors.length).toBe(exchanges.length);
  });

  test('answers are folded whole, torn streams and errors are failures, each as its file says', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    const failing = ofAction('fail', 'line');
    const throttled = ofAction('throttle', 'model');
    const parking = ofAction('stop', 'model');
    // Outputs end before the first line that stays open, so those come last.
    const lines = [...answers, ...torn, ...failing, ...throttled, ...parking];
    const byId = new Map(lines.map((one) => [one.id, one]));
    server.script = ({ id, nth }) => {
      const one = byId.get(id);
      return one === undefined || (throttled.includes(one) && nth > 1)
        ? { kind: 'answer' }
        : replay(one);
    };
    const models = new Map(parking.map((one) => [one.id, `model-of-${one.id}`]));
    bench.write(
      'a.jsonl',
      jsonl(lines.map((one) => lineOf({ ...one, model: models.get(one.id) ?? one.model }))),
    );
    const run = await runCli(bench, [
      'run',
      'a.jsonl',
      ...server.flags,
      '--json',
      '--progress',
      'json',
    ]);
    expect(run, run.stdout).toMatchObject({ status: 77 });

    const results = new Map(
      bench.lines('a.results.jsonl').map((record) => [record['custom_id'], record]),
    );
    const read = (one: Recorded): object => {
      const record = results.get(one.id) as { response: { body: Frame } } | undefined;
      return { id: one.id, ...(record && readAnswer([record.response.body])) };
    };
    expect(answers.map(read)).toEqual(
      answers.map((one) => ({ id: one.id, ...readAnswer(framesOf(one)) })),
    );
    // What was not streamed comes out as it went in, extras and all.
    const unstreamed = answers.filter(({ streamed }) => !streamed);
    expect(unstreamed.length).toBeGreaterThanOrEqual(18);
    for (const { id, body } of unstreamed) {
      expect(results.get(id)).toMatchObject({
        response: { status_code: 200, body: JSON.parse(body.toString('utf8')) as unknown },
        error: null,
      });
    }

    const failures = new Map(
      bench.lines('a.errors.jsonl').map((record) => [record['custom_id'], record]),
    );
    expect([...failures.keys()].toSorted()).toEqual(
      [...torn, ...failing].map(({ id }) => id).toSorted(),
    );
    for (const one of failing) {
      const { code, message, raw } = errorIn(one);
      expect(failures.get(one.id)).toMatchObject({
        response: { status_code: one.status, body: raw },
        error: { code: code ?? `qbatch_http_${one.status}`, message },
      });
      expect(server.counts().get(one.id)).toBe(1);
    }
    for (const { id } of torn) {
      expect(failures.get(id)).toMatchObject({ error: { code: 'qbatch_truncated_stream' } });
      expect(server.counts().get(id)).toBe(2);
    }
    for (const { id } of throttled) expect(server.counts().get(id)).toBe(2);

    const events = parseJsonLines(run.stderr);
    const parked = events.filter(({ event }) => event === 'model-parked');
    expect(parked.map(({ model }) => model)).toEqual([...models.values()]);
    const summary = run.json();
    expect(summary).toMatchObject({
      lines: { answered: answers.length + throttled.length, open: parking.length },
    });
    const byProgram = throttled.map(() => ({ input_tokens: 24, output_tokens: 12 }));
    expect(summary['usage']).toEqual(
      tokenSums([
        ...answers.map((one) => readAnswer(framesOf(one))),
        ...byProgram.map((usage) => ({ choices: [], usage, requestId: null, extras: {} })),
      ]),
    );
  });

  test('a refused key or an account in arrears: the run stops, every line stays open', async () => {
    const stopping = ofAction('stop', 'account');
    expect(stopping.length).toBeGreaterThanOrEqual(3);
    const bench = openBench();
    const server = await startCountingServer();
    const byId = new Map(stopping.map((one) => [one.id, one]));
    server.script = ({ id }) => {
      const one = byId.get(id);
      return one === undefined ? { kind: 'answer' } : replay(one);
    };
    bench.write('a.jsonl', jsonl(stopping.map(lineOf)));
    server.hold();
    const run = startCli(bench, ['run', 'a.jsonl', ...server.flags, '-c', '8', '--json']);
    await run.before(server.seen(stopping.length));
    server.release();
    const ended = await run.finished;
    expect(ended).toMatchObject({ status: 77 });
    expect(ended.json()).toMatchObject({ lines: { open: stopping.length, failed: 0 } });
    const { reason } = ended.json()['stopped'] as { reason: string };
    expect(stopping.map((one) => verdict(one).class)).toContain(reason);
  });
});
