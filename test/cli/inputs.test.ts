import { expect, test } from 'vitest';
import { openBench } from '../helpers/bench.ts';
import { startCountingServer } from '../helpers/counting-server.ts';
import { NO_JSON, TEXTS, VALUES } from '../helpers/naughty.ts';
import { runCli } from '../helpers/spawn-cli.ts';

const FLAGS = ['--model', 'qwen-plus', '--json', '-q'];

/** What a reply of the service looks like around any value, as raw text. */
function replyWith(value: string, id: string): string {
  const choices = '[{"finish_reason":"stop","message":{"role":"assistant","content":"ok"}}]';
  return `{"output":{"choices":${choices},"echo":${value}},"usage":{"input_tokens":5,"output_tokens":1},"request_id":${JSON.stringify(id)}}`;
}

function nativeLine(id: string, value: string): string {
  return `{"custom_id":"${id}","input":{"messages":[{"role":"user","content":"[#${id}]"}]},"parameters":{"x":${value}}}`;
}

test('values: each reaches the service byte by byte, and comes back out as the service wrote it', async () => {
  const bench = openBench();
  const server = await startCountingServer();
  const valueOf = (id: string): string => VALUES[Number(id.slice(2))] as string;
  server.script = ({ id }) => ({
    kind: 'raw',
    status: 200,
    body: replyWith(valueOf(id), id),
    headers: { 'content-type': 'application/json' },
    billed: true,
  });
  // With a byte order mark and CR LF, which belong to no value.
  const lines = VALUES.map((value, index) => nativeLine(`v-${index}`, value));
  bench.write('job.jsonl', `\ufeff${lines.join('\r\n')}\r\n`);
  const ended = await runCli(bench, ['run', 'job.jsonl', ...FLAGS, ...server.flags]);
  expect(ended, ended.stderr).toMatchObject({ status: 0 });
  const bodies = new Map(server.calls.map(({ id, body }) => [id, body]));
  expect(bodies.size).toBe(VALUES.length);
  const results = bench.read('job.results.jsonl').split('\n');
  for (const [index, value] of VALUES.entries()) {
    const id = `v-${index}`;
    expect(bodies.get(id)).toContain(`"parameters":{"x":${value}`);
    const written = results[index] ?? '';
    const echo = /"echo":(.*)\},"usage"/s.exec(written)?.[1] ?? '';
    if (!/\s|\\u[dD]|[\u007f\u2028]/.test(value)) expect(echo).toBe(value);
    const sent = JSON.stringify(JSON.parse(value)).replaceAll(/\\ud[89a-f]\w\w/g, '\ufffd');
    expect(JSON.stringify(JSON.parse(echo))).toBe(sent);
  }
});

test('texts: as prompts, ids and answers they arrive whole, and do nothing on the way', async () => {
  const bench = openBench();
  const server = await startCountingServer();
  server.script = ({ id }) => {
    const text = TEXTS[Number(id)] as string;
    return { kind: 'answer', content: text };
  };
  const lines = TEXTS.map((text, index) => ({ custom_id: text, prompt: `[#${index}]${text}` }));
  bench.write('job.jsonl', lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const ended = await runCli(bench, ['run', 'job.jsonl', ...FLAGS, ...server.flags]);
  expect(ended, ended.stderr).toMatchObject({ status: 0 });
  const prompts = server.calls.map(({ id, json }) => {
    const { messages } = json['input'] as { messages: { content: string }[] };
    return [id, messages[0]?.content] as const;
  });
  expect(new Map(prompts)).toEqual(
    new Map(TEXTS.map((text, index) => [String(index), `[#${index}]${text}`])),
  );
  const results = bench.lines('job.results.jsonl');
  expect(results.map(({ custom_id: id }) => id)).toEqual(TEXTS);
  for (const [index, line] of results.entries())
    expect(JSON.stringify(line)).toContain(JSON.stringify(TEXTS[index]));
  const names = ['.errors.jsonl', '.jsonl', '.qbatch.db', '.qbatch.db.mark', '.results.jsonl'];
  expect(bench.names()).toEqual(names.map((end) => `job${end}`));
  for (const format of ['table', 'csv', 'markdown']) {
    const { stdout, status } = await runCli(bench, ['usage', '--by', 'model', '--format', format]);
    expect(status).toBe(0);
    expect(stdout).not.toMatch(/[\u0000-\u0008\u001b\u007f-\u009f\u202e]/);
  }
});

const OBJECT = '{"custom_id":"ID","prompt":"[#ID]"';

/** Lines that must be refused, whatever else is in the file; each with its reason. */
function hostileLines(): { bytes: Buffer; code: string }[] {
  const wrong = (text: string | Buffer, code: string): { bytes: Buffer; code: string } => ({
    bytes: Buffer.from(text),
    code,
  });
  const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
  return [
    ...NO_JSON.map((text) => wrong(text, 'qbatch_invalid_json')),
    ...NO_JSON.filter((text) => !/^\{.*\}$/.test(text)).map((text) =>
      wrong(`${OBJECT},"x":${text}}`, 'qbatch_invalid_json'),
    ),
    ...VALUES.filter((value) => !value.startsWith('{')).map((value) =>
      wrong(value, 'qbatch_invalid_json'),
    ),
    wrong(`${OBJECT},"x":${deep}}`, 'qbatch_too_deep'),
    wrong(
      Buffer.concat([Buffer.from(OBJECT), Buffer.from([0xff, 0xfe, 0x7d])]),
      'qbatch_invalid_utf8',
    ),
    wrong(
      Buffer.concat([Buffer.from(`${OBJECT},"x":"`), Buffer.from([0xed, 0xa0, 0x80, 0x22, 0x7d])]),
      'qbatch_invalid_utf8',
    ),
    wrong(`${OBJECT},"x":"\0"}`, 'qbatch_invalid_json'),
    wrong(`${OBJECT},"x":"${'y'.repeat(50_000_000)}"}`, 'qbatch_line_too_long'),
    wrong('{"custom_id":"fine-1","prompt":"again"}', 'qbatch_duplicate_custom_id'),
    wrong('{"custom_id":"","prompt":"x"}', 'qbatch_invalid_request'),
    wrong('{"custom_id":7,"prompt":"x"}', 'qbatch_invalid_request'),
    wrong('{"custom_id":"a","custom_id":"b","prompt":"x"}', 'qbatch_duplicate_key'),
  ];
}

test('hostile lines: each is refused with its reason, none is sent, and the lines between them are answered', async () => {
  const bench = openBench();
  const server = await startCountingServer();
  const hostile = hostileLines();
  const parts: Buffer[] = [];
  for (const [index, { bytes }] of hostile.entries()) {
    parts.push(bytes, Buffer.from(index % 2 === 0 ? '\n' : '\r\n'));
    // A lone carriage return is white space, and a line without an id is one.
    const fine = `{"prompt":"[#fine]",\r"metadata":{"n":"${index}"}${index === 0 ? ',"custom_id":"fine-1"' : ''}}\n\n`;
    parts.push(Buffer.from(fine));
  }
  // The line that "fine-1" repeats comes first.
  bench.write('job.jsonl', Buffer.concat(parts));
  const args = ['run', 'job.jsonl', ...FLAGS, ...server.flags];
  const refused = await runCli(bench, args);
  expect(refused.status).toBe(65);
  expect(server.calls).toHaveLength(0);
  const ended = await runCli(bench, [...args, '--skip-invalid']);
  expect(ended, ended.stderr).toMatchObject({ status: 1 });
  expect(ended.json()).toMatchObject({
    lines: { total: 2 * hostile.length, answered: hostile.length, rejected: hostile.length },
  });
  expect(server.counts()).toEqual(new Map([['fine', hostile.length]]));
  const errors = bench.lines('job.errors.jsonl') as { error: { code: string; line: number } }[];
  const told = errors.map(({ error }) => ({ code: error.code, line: error.line }));
  const expected = hostile.map(({ code }, index) => ({ code, line: 3 * index + 1 }));
  expect(told).toEqual(expected);
});

test('check --json: of a model or an id of half a megabyte the beginning', async () => {
  const bench = openBench();
  const long = '长'.repeat(170_000);
  const line = JSON.stringify({ custom_id: long, model: long, prompt: 'x', unknown: 1 });
  bench.write('a.jsonl', `${line}\n${line}\n`);
  const run = await runCli(bench, ['check', 'a.jsonl', '--json']);
  expect(run).toMatchObject({ status: 65 });
  expect(run.json()).toMatchObject({ models: [{ model: `${long.slice(0, 256)}…`, lines: 1 }] });
  expect(run.stdout.length).toBeLessThan(10_000);
});
