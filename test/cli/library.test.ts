import { getEventListeners } from 'node:events';
import { dirname, relative } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import type * as Library from '../../src/index.ts';
import { type Bench, CANARY_KEY, openBench } from '../helpers/bench.ts';
import { startCountingServer } from '../helpers/counting-server.ts';
import { jsonl, nativeLine, placeIds } from '../helpers/request-lines.ts';

// What programs import: the built library, in this process.
const built = new URL('../../dist/index.js', import.meta.url).href;
const { runBatch, InvalidInputError, QbatchError } = (await import(built)) as typeof Library;

function benchWith(ids: readonly string[]): { bench: Bench; input: string } {
  const bench = openBench();
  bench.write('a.jsonl', jsonl(ids.map((id) => nativeLine(id))));
  return { bench, input: bench.path('a.jsonl') };
}

function surroundings(bench: Bench): Pick<Library.RunBatchOptions, 'cwd' | 'env'> {
  return { cwd: bench.path('.'), env: { HOME: bench.home, DASHSCOPE_API_KEY: CANARY_KEY } };
}

function flagsOf(baseUrl: string): Library.GivenFlags {
  return { 'base-url': baseUrl, rpm: '6000000' };
}

describe('runBatch', () => {
  test('a job: runs to its end, says what happened, and writes the files', async () => {
    const ids = placeIds(300);
    const { bench, input } = benchWith(ids);
    const server = await startCountingServer();
    const events: string[] = [];
    const ended = await runBatch({
      ...surroundings(bench),
      input,
      flags: flagsOf(server.origin),
      onEvent: (event) => events.push(event.event),
    });
    expect(ended).toMatchObject({
      exitCode: 0,
      summary: { lines: { total: 300, answered: 300, open: 0 }, stopped: null },
    });
    expect(bench.lines('a.results.jsonl').map(({ custom_id: id }) => id)).toEqual(ids);
    expect(events[0]).toBe('job-start');
    expect(events.at(-1)).toBe('job-end');
    expect(events.filter((name) => name === 'line-settled')).toHaveLength(300);
  });

  test('a working folder that is gone: 66 where it is needed, nothing where one is named', async () => {
    const { bench, input } = benchWith(placeIds(1));
    const job = { input, flags: { simulate: 'latency=0' } };
    const cwd = vi.spyOn(process, 'cwd').mockImplementation(() => {
      throw Object.assign(new Error('uv_cwd'), { code: 'ENOENT' });
    });
    try {
      await expect(runBatch(job)).rejects.toMatchObject({ exitCode: 66 });
      const named = { ...job, ...surroundings(bench) };
      expect(await runBatch(named)).toMatchObject({ exitCode: 0 });
    } finally {
      cwd.mockRestore();
    }
  });

  test('a cwd of its own, absolute or not: files among the flags and a copied stream are in it', async () => {
    const { bench } = benchWith(placeIds(1));
    bench.write('ours.json', JSON.stringify({ models: [{ id: 'ours' }] }));
    for (const cwd of [bench.path('.'), relative(process.cwd(), bench.path('.'))]) {
      const stdin = vi
        .spyOn(process, 'stdin', 'get')
        .mockReturnValue(Readable.from([nativeLine(cwd)]) as unknown as typeof process.stdin);
      try {
        const ended = await runBatch({
          ...surroundings(bench),
          cwd,
          input: '-',
          flags: { simulate: 'latency=0', catalog: 'ours.json' },
        });
        expect(ended).toMatchObject({ exitCode: 0, summary: { lines: { answered: 1 } } });
        expect(dirname(ended.summary.ledger)).toBe(bench.path('.'));
      } finally {
        stdin.mockRestore();
      }
    }
  });

  test('a cwd of its own: the file that a relative path names for the key is in it', async () => {
    const { bench } = benchWith(placeIds(1));
    const server = await startCountingServer();
    bench.write('key.txt', CANARY_KEY);
    const ended = await runBatch({
      cwd: bench.path('.'),
      env: { HOME: bench.home, DASHSCOPE_API_KEY_FILE_PATH: 'key.txt' },
      input: 'a.jsonl',
      flags: flagsOf(server.origin),
    });
    expect(ended).toMatchObject({ exitCode: 0, summary: { lines: { answered: 1 } } });
  });

  test('a signal: stops the job in good order; the same call again makes only the calls that are left', async () => {
    const ids = placeIds(40);
    const { bench, input } = benchWith(ids);
    const server = await startCountingServer();
    const stop = new AbortController();
    const job = {
      ...surroundings(bench),
      input,
      flags: { ...flagsOf(server.origin), concurrency: '1' },
    };
    const stopped = await runBatch({
      ...job,
      signal: stop.signal,
      onEvent: (event) => {
        if (event.event === 'line-settled' && event.line === 10) stop.abort();
      },
    });
    expect(stopped.summary.stopped).not.toBeNull();
    const before = server.calls.length;
    expect(stopped.summary.lines).toMatchObject({ total: 40, answered: before });
    expect(before).toBeLessThan(40);
    const ended = await runBatch(job);
    expect(ended).toMatchObject({ exitCode: 0, summary: { lines: { answered: 40, open: 0 } } });
    expect(server.calls.map(({ id }) => id)).toEqual(ids);
  });

  test('many jobs: each input is found from its own cwd, and nothing is left on the signal they share', async () => {
    const { bench } = benchWith(placeIds(1));
    const server = await startCountingServer();
    const stop = new AbortController();
    const flags = flagsOf(server.origin);
    for (let nth = 0; nth < 3; nth += 1) {
      const ended = await runBatch({
        ...surroundings(bench),
        input: 'a.jsonl',
        flags,
        signal: stop.signal,
      });
      expect(ended).toMatchObject({ exitCode: 0, summary: { lines: { answered: 1 } } });
    }
    expect(server.calls).toHaveLength(1);
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  });

  test('an observer that throws: is not called again, and the job goes on', async () => {
    const { bench, input } = benchWith(placeIds(3));
    const server = await startCountingServer();
    let calls = 0;
    const ended = await runBatch({
      ...surroundings(bench),
      input,
      flags: flagsOf(server.origin),
      onEvent: () => {
        calls += 1;
        throw new Error('the observer is broken');
      },
    });
    expect(ended).toMatchObject({ exitCode: 0, summary: { lines: { answered: 3 } } });
    expect(calls).toBe(1);
  });

  test('an observer that throws: the dashboard goes on to show the run', async () => {
    const { bench, input } = benchWith(placeIds(3));
    const server = await startCountingServer();
    server.hold();
    let address = '';
    const ended = runBatch({
      ...surroundings(bench),
      input,
      flags: { ...flagsOf(server.origin), concurrency: 1, dashboard: true },
      onEvent: (event) => {
        if (event.event === 'notice') address = /http:\S+/.exec(event.message)?.[0] ?? '';
        throw new Error('the observer is broken');
      },
    });
    await server.seen(1);
    // What comes after the first event, at which the observer broke.
    const shown = (await (await fetch(`${address}live.json`)).json()) as object;
    expect(shown).toMatchObject({ state: 'running', dispatch: { inFlight: 1, total: 3 } });
    server.release();
    expect(await ended).toMatchObject({ exitCode: 0 });
  });

  test('an observer that is asynchronous and rejects: does not end the process, and is not called again', async () => {
    const { bench, input } = benchWith(placeIds(3));
    const server = await startCountingServer();
    let calls = 0;
    const ended = await runBatch({
      ...surroundings(bench),
      input,
      flags: flagsOf(server.origin),
      // An asynchronous function is a Report to TypeScript, which gives a void away.
      onEvent: () => {
        calls += 1;
        return Promise.reject(new Error('the observer is broken')) as unknown as undefined;
      },
    });
    expect(ended).toMatchObject({ exitCode: 0, summary: { lines: { answered: 3 } } });
    expect(calls).toBe(1);
  });

  test('what the survey found of lines that are left out, and what else is told at the start: are events too', async () => {
    const { bench } = benchWith(placeIds(1));
    bench.write('b.jsonl', `${nativeLine('good')}\n{"custom_id":"bad","prompt":7}\n`);
    const events: Library.RunEvent[] = [];
    const ended = await runBatch({
      ...surroundings(bench),
      input: bench.path('b.jsonl'),
      flags: { simulate: 'latency=0', 'skip-invalid': true, dashboard: true },
      onEvent: (event) => events.push(event),
    });
    expect(ended).toMatchObject({ exitCode: 1, summary: { lines: { answered: 1, rejected: 1 } } });
    const notices = events.filter((event) => event.event === 'notice');
    expect(notices.map(({ message }) => message)).toEqual([
      expect.stringContaining('dashboard: http://127.0.0.1'),
      expect.stringContaining('b.jsonl'),
    ]);
    expect(notices[1]?.found?.problems).toMatchObject([{ line: 2, custom_id: 'bad' }]);
    expect(events.filter(({ event }) => event === 'job-end')).toHaveLength(1);
  });

  test('options that are none, or not what they must be: are refused before anything is sent', async () => {
    const { bench, input } = benchWith(placeIds(1));
    const server = await startCountingServer();
    const at = { ...surroundings(bench), input, flags: flagsOf(server.origin) };
    const wrong: readonly (readonly [unknown, string, string | undefined])[] = [
      [undefined, 'takes one object', expect.stringContaining('runBatch({')],
      [{ ...at, input: undefined }, 'no input', expect.any(String)],
      [{ ...at, input: '' }, 'input is empty', undefined],
      [{ ...at, input: 5 }, 'input is of type number', undefined],
      [{ ...at, simulate: true }, 'no option simulate', expect.stringContaining('flags: {')],
      [{ ...at, onevent: () => 0 }, 'no option onevent', 'did you mean onEvent?'],
      [{ ...at, constructor: 1 }, 'no option constructor', 'flags go into flags'],
      [{ ...at, flags: null }, 'flags is null', undefined],
      [{ ...at, flags: ['--simulate'] }, 'flags is a list', undefined],
      [{ ...at, onEvent: 5 }, 'onEvent is of type number', undefined],
      [{ ...at, signal: {} }, 'signal is of type object', undefined],
      [
        { ...at, flags: { ...at.flags, concurrency: 5n } },
        'concurrency is of type big',
        expect.any(String),
      ],
      [
        { ...at, flags: { ...at.flags, set: [1] } },
        'set is a list that does not hold only texts',
        expect.any(String),
      ],
      [
        { ...at, flags: { ...at.flags, output: '-' } },
        'runBatch prints nothing',
        expect.any(String),
      ],
    ];
    for (const [options, message, hint] of wrong) {
      const error: unknown = await runBatch(options as Library.RunBatchOptions).catch(
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(QbatchError);
      expect(error).toMatchObject({
        exitCode: 64,
        hint,
        message: expect.stringContaining(message) as unknown,
      });
    }
    expect(server.calls).toEqual([]);
    expect(bench.names()).toEqual(['a.jsonl']);
  });

  test('numbers and what is undefined among the flags: as their text, and as if not there; kept for the next command', async () => {
    const { bench, input } = benchWith(placeIds(4));
    const events: Library.RunEvent[] = [];
    const ended = await runBatch({
      ...surroundings(bench),
      input,
      flags: { simulate: 'errors=100%', 'max-attempts': 1, 'max-cost': 20, concurrency: undefined },
      onEvent: (event) => events.push(event),
    });
    expect(ended.exitCode).toBe(1);
    expect(events.at(-1)).toMatchObject({
      event: 'job-end',
      next: expect.stringContaining('--max-cost 20') as unknown,
    });
  });

  test('invalid lines: the error lists what is wrong with them', async () => {
    const { bench } = benchWith(placeIds(1));
    bench.write('b.jsonl', '{"custom_id":"bad","prompt":7}\n');
    const error: unknown = await runBatch({
      ...surroundings(bench),
      input: bench.path('b.jsonl'),
      flags: { simulate: true, model: 'qwen-plus' },
    }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidInputError);
    expect(error).toHaveProperty('name', 'InvalidInputError');
    expect(error).toMatchObject({
      exitCode: 65,
      problems: [{ line: 1, custom_id: 'bad', severity: 'error' }],
      problemCounts: { error: 1 },
    });
  });

  test('a flag that does not exist: is refused, with the one that was meant, before any call', async () => {
    const { bench, input } = benchWith(placeIds(1));
    const misspelt = runBatch({
      ...surroundings(bench),
      input,
      flags: { baseurl: 'http://[::1]:9' },
    });
    await expect(misspelt).rejects.toMatchObject({ exitCode: 64, hint: 'did you mean base-url?' });
  });

  test('a dry run, wherever it is asked for: is refused, for it has no summary', async () => {
    const { bench, input } = benchWith(placeIds(1));
    const { env = {}, cwd = '' } = surroundings(bench);
    const flags = { simulate: true };
    for (const options of [
      { cwd, env, flags: { ...flags, 'dry-run': true } },
      { cwd, env: { ...env, QBATCH_DRY_RUN: 'true' }, flags },
    ]) {
      const error: unknown = await runBatch({ ...options, input }).catch(
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(QbatchError);
      expect(error).toMatchObject({
        exitCode: 64,
        message: expect.stringContaining('dry-run is on') as unknown,
      });
    }
    expect(bench.names()).toEqual(['a.jsonl']);
  });

  test('a run that is refused: rejects with the exit code and what to do', async () => {
    const bench = openBench();
    const refused = runBatch({ ...surroundings(bench), input: bench.path('missing.jsonl') });
    await expect(refused).rejects.toMatchObject({ exitCode: 66 });
    await expect(refused).rejects.toBeInstanceOf(QbatchError);
  });
});
