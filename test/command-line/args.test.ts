import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseArgs } from '../../src/command-line/args.ts';
import { COMMANDS } from '../../src/command-line/command-specs.ts';
import { UsageError } from '../../src/errors.ts';
import { RUN_FLAGS } from '../../src/config/flags.ts';
import type { ParsedCommand } from '../../src/command-line/parsed-command.ts';

const VERSION = '1.2.3';

async function parse(...argv: string[]): Promise<ParsedCommand> {
  return await parseArgs(argv, VERSION);
}

async function refusal(...argv: string[]): Promise<UsageError> {
  const outcome = await parse(...argv).catch((error: unknown) => error);
  if (outcome instanceof UsageError) return outcome;
  throw new Error(`not refused with 64: ${JSON.stringify(argv)} gave ${String(outcome)}`);
}

async function runFlags(...argv: string[]): Promise<unknown> {
  const parsed = await parse('run', ...argv, 'in.jsonl');
  if (parsed.command !== 'run') throw new Error(`got ${parsed.command}`);
  expect(parsed.input).toBe('in.jsonl');
  return parsed.flags;
}

describe('parseArgs: run', () => {
  it('gives only the flags that were typed, under their long names', async () => {
    await expect(parse('run', 'in.jsonl')).resolves.toEqual({
      command: 'run',
      input: 'in.jsonl',
      flags: {},
    });
    await expect(runFlags('-o', 'out.jsonl', '-c8', '-qny')).resolves.toEqual({
      output: 'out.jsonl',
      concurrency: '8',
      quiet: true,
      'dry-run': true,
      yes: true,
    });
  });

  it.each(RUN_FLAGS.map((flag) => [flag.name, flag] as const))('takes --%s', async (name, flag) => {
    const value = flag.choices?.[0] ?? 'text';
    const typed = flag.type === 'boolean' ? [`--${name}`] : [`--${name}=${value}`];
    const given = flag.type === 'boolean' ? true : flag.repeatable ? [value] : value;
    await expect(runFlags(...typed)).resolves.toEqual({ [name]: given });
  });

  it('has the short forms -o -c -q -n -y and no others', () => {
    const short = RUN_FLAGS.flatMap((flag) => flag.alias ?? []).toSorted();
    expect(short).toEqual(['c', 'n', 'o', 'q', 'y']);
  });

  it.each([[['-']], [['--', '-']], [['-o', 'x', '-']]])(
    'takes a bare - as the input: %j',
    async (argv) => {
      await expect(parse('run', ...argv)).resolves.toMatchObject({ input: '-' });
    },
  );

  it.each([['-o', '-'], ['-o-'], ['--output', '-'], ['--output=-']])(
    'takes - as an output: %s %s',
    async (...argv) => {
      await expect(runFlags(...argv)).resolves.toEqual({ output: '-' });
    },
  );

  it('takes what stands behind -- as words, dashes and all', async () => {
    await expect(parse('run', '--strict', '--', '--odd.jsonl')).resolves.toEqual({
      command: 'run',
      input: '--odd.jsonl',
      flags: { strict: true },
    });
  });

  it('keeps numbers as they were typed', async () => {
    await expect(parse('run', '007', '--job', '1e3', '--max-cost', '0.10')).resolves.toEqual({
      command: 'run',
      input: '007',
      flags: { job: '1e3', 'max-cost': '0.10' },
    });
  });

  it('gathers repeatable flags in order', async () => {
    await expect(
      runFlags('--rpm', '600', '--rpm', 'qwen-plus=60', '--set', 'top_p=0.8', '--set=stop=["完"]'),
    ).resolves.toEqual({ rpm: ['600', 'qwen-plus=60'], set: ['top_p=0.8', 'stop=["完"]'] });
  });

  it('keeps every free value as it is, quotes, blanks, dashes and line breaks included', async () => {
    const anyText = fc.string({ unit: 'grapheme', minLength: 1 });
    await fc.assert(
      fc.asyncProperty(anyText, anyText, async (system, input) => {
        const parsed = await parse('run', `--system=${system}`, '--', input);
        expect(parsed).toEqual({ command: 'run', input, flags: { system } });
      }),
      {
        numRuns: 60,
        examples: [
          ['"请用中文回答"', "'in.jsonl'"],
          ['-1', '--help'],
          ['a=b', 'word0'],
        ],
      },
    );
  });

  it('--simulate: alone it takes no word, with = it takes the spec', async () => {
    await expect(runFlags('--simulate')).resolves.toEqual({ simulate: '' });
    await expect(runFlags('--simulate=rpm=600,errors=2%')).resolves.toEqual({
      simulate: 'rpm=600,errors=2%',
    });
    await expect(runFlags('--no-simulate')).resolves.toEqual({ simulate: 'false' });
  });

  it('switches: the next word is never their value, --no- switches them off, the last one counts', async () => {
    await expect(parse('run', '--strict', 'true')).resolves.toEqual({
      command: 'run',
      input: 'true',
      flags: { strict: true },
    });
    await expect(runFlags('--strict', '--no-strict')).resolves.toEqual({ strict: false });
    await expect(runFlags('--strict=false')).resolves.toEqual({ strict: false });
  });

  it('finds the command behind flags and their values', async () => {
    await expect(parse('--model', 'qwen-plus', 'run', 'in.jsonl')).resolves.toMatchObject({
      command: 'run',
      input: 'in.jsonl',
      flags: { model: 'qwen-plus' },
    });
  });
});

describe('parseArgs: refusals of run', () => {
  it.each([
    [['run'], /needs an input/, /qbatch run/],
    [['run', ''], /input is an empty string/, /shell variable/],
    [['run', '--', ''], /input is an empty string/, /shell variable/],
    [['run', 'a.jsonl', 'b.jsonl'], /takes one input; "b\.jsonl"/, /cat .* \| qbatch run -/],
    [
      ['run', 'a.jsonl', '--simulate', 'rpm=600,errors=2%'],
      /looks like a simulator spec/,
      /--simulate=rpm=600,errors=2%$/,
    ],
    [['check', '--simulate', 'seed=7', 'a.jsonl'], /"seed=7"/, /--simulate=seed=7$/],
    [['run', 'a', '--ouptut', 'b'], /unknown flag --ouptut/, /--output/],
    [['run', 'a', '--maxcost=3'], /unknown flag --maxcost/, /--max-cost/],
    [['run', 'a', '-z'], /unknown flag -z/, /--help/],
    [['run', 'a', '--o', 'x'], /unknown flag --o/, /--help/],
    [['run', 'a', '-output', 'x'], /unknown flag -output$/, /--output/],
    [['run', '--input', 'a'], /unknown flag --input/, /without a flag: qbatch run FILE/],
    [['check', '-f', 'a'], /unknown flag -f/, /without a flag: qbatch check FILE/],
    [['resume', '-f', 'a'], /unknown flag -f/, /see qbatch resume --help/],
    [['run', 'a', '--dashbord'], /unknown flag --dashbord/, /--dashboard/],
    [['run', 'a', '--verify'], /--verify is not a flag of run/, /status/],
    [['usage', 'a', '--json'], /--json is not a flag of usage/, /--format json\b/],
    [['export', 'a', '--json'], /--json is not a flag of export/, /--format jsonl\b/],
    [['check', '-dash.jsonl'], /unknown flag -dash.jsonl/, /write \.\/-dash.jsonl/],
    [['check', '-da sh.jsonl'], /unknown flag -da sh.jsonl/, /write '\.\/-da sh.jsonl'/],
    [['run', 'a', '--ouput=b.jsonl'], /unknown flag --ouput$/, /--output/],
    [['verify', 'a'], /unknown command "verify"/, /qbatch status --verify\?/],
    [['list'], /unknown command "list"/, /qbatch jobs\?/],
    [['report', 'a'], /unknown command "report"/, /qbatch usage --format html -o FILE\?/],
    [['constructor'], /unknown command "constructor"/, /qbatch --help/],
    [['run', 'a', '--concurrency'], /--concurrency needs a value/, undefined],
    [['run', 'a', '-o', '--yes'], /-o needs a value/, /-o=--yes/],
    [['run', 'a', '-o', ''], /-o: the value is empty/, /shell variable/],
    [['run', 'a', '--max-cost='], /--max-cost: the value is empty/, /shell variable/],
    [['run', 'a', '--simulate='], /--simulate: the value is empty/, /shell variable/],
    [['run', 'a', '--dry-run=yes'], /--dry-run: "yes" is not true or false/, /no value/],
    [['run', 'a', '-n=1'], /-n: "1" is not true or false/, /no value/],
    [
      ['run', 'a', '--order', 'random'],
      /--order: "random" is not one of input, settled/,
      undefined,
    ],
    [['run', 'a', '-o', 'x', '--output', 'y'], /--output is given 2 times/, /once/],
    [['run', 'a', '--no-model'], /unknown flag --no-model/, /--model/],
    [['run', 'a', '--api-key', 'sk-abc'], /key is never a flag/, /DASHSCOPE_API_KEY/],
    [['run', 'a', '--json', '-o', '-'], /both write to stdout/, /file/],
    [['run', 'a', '--fresh', '--accept-changed-input', '-y'], /forgets the answers/, /one of them/],
    [['resume', '--fresh', '--accept-changed-input'], /forgets the answers/, /one of them/],
    [['retry', '--fresh', '--accept-changed-input'], /forgets the answers/, /one of them/],
    [['retry', '--fresh', '-y'], /forgets every answer/, /qbatch resume --fresh/],
    [['retry', 'a.qbatch.db', '--code', 'Throttling', '--fresh'], /forgets every answer/, /resume/],
  ] as const)('%j', async (argv, message, hint) => {
    const error = await refusal(...argv);
    expect(error.exitCode).toBe(64);
    expect(error.message).toMatch(message);
    if (hint === undefined) expect(error.hint).toBeUndefined();
    else expect(error.hint).toMatch(hint);
  });

  it('never repeats what was typed behind --api-key', async () => {
    const error = await refusal('run', 'a', '--api-key=sk-0123456789abcdef');
    expect(`${error.message}${error.hint}`).not.toContain('0123456789abcdef');
  });
});

describe('parseArgs: the other commands', () => {
  const display = { quiet: false, color: 'auto', debug: false };
  const noJob = { job: undefined, ledger: undefined, jobName: undefined };

  it.each([
    [['resume'], { command: 'resume', job: undefined, flags: {} }],
    [
      ['resume', 'x.db', '--max-cost', '9'],
      { command: 'resume', job: 'x.db', flags: { 'max-cost': '9' } },
    ],
    [
      ['check', 'in.jsonl', '--json'],
      { command: 'check', input: 'in.jsonl', flags: { json: true } },
    ],
    [['validate', '-'], { command: 'check', input: '-', flags: {} }],
    [
      [
        'retry',
        'x.db',
        '--code',
        'InternalError',
        '--code=Throttling',
        '--status',
        '500',
        '--job',
        'nightly',
        '-y',
      ],
      {
        command: 'retry',
        job: 'x.db',
        codes: ['InternalError', 'Throttling'],
        statuses: [500],
        flags: { job: 'nightly', yes: true },
      },
    ],
    [['retry'], { command: 'retry', job: undefined, codes: [], statuses: [], flags: {} }],
    [
      ['status', 'x.db', '--verify', '--json'],
      { command: 'status', ...noJob, job: 'x.db', verify: true, json: true, ...display },
    ],
    [
      ['status', '--ledger', 'x.db', '--job', 'a', '-q'],
      {
        command: 'status',
        job: undefined,
        ledger: 'x.db',
        jobName: 'a',
        verify: false,
        json: false,
        ...display,
        quiet: true,
      },
    ],
    [['jobs'], { command: 'jobs', dir: '.', json: false, ...display }],
    [['jobs', '批处理', '--json'], { command: 'jobs', dir: '批处理', json: true, ...display }],
    [
      ['usage'],
      {
        command: 'usage',
        jobs: [],
        by: ['model'],
        format: 'table',
        output: undefined,
        ledger: undefined,
        jobName: undefined,
        ...display,
      },
    ],
    [
      ['usage', 'a', 'b', '--by', 'day, tag:客户', '--format', 'csv', '-o', 'u.csv'],
      {
        command: 'usage',
        jobs: ['a', 'b'],
        by: ['day', 'tag:客户'],
        format: 'csv',
        output: 'u.csv',
        ledger: undefined,
        jobName: undefined,
        ...display,
      },
    ],
    [
      ['export'],
      {
        command: 'export',
        what: 'results',
        format: 'jsonl',
        order: 'input',
        output: undefined,
        ...noJob,
        ...display,
      },
    ],
    [
      [
        'export',
        'x.db',
        '--what',
        'attempts',
        '--format',
        'parquet',
        '--order',
        'settled',
        '-o',
        '-',
      ],
      {
        command: 'export',
        what: 'attempts',
        format: 'parquet',
        order: 'settled',
        output: '-',
        ...noJob,
        job: 'x.db',
        ...display,
      },
    ],
    [
      ['models'],
      {
        command: 'models',
        pattern: undefined,
        region: undefined,
        catalog: undefined,
        json: false,
        ...display,
      },
    ],
    [
      ['models', 'qwen3-*', '--region', 'tokyo', '--catalog', 'c.json', '--color', 'never'],
      {
        command: 'models',
        pattern: 'qwen3-*',
        region: 'tokyo',
        catalog: 'c.json',
        json: false,
        ...display,
        color: 'never',
      },
    ],
    [['completion', 'fish'], { command: 'completion', shell: 'fish' }],
    [
      ['debug', 'x.db', '--debug'],
      { command: 'debug', json: false, ...noJob, job: 'x.db', ...display, debug: true },
    ],
  ] as const)('%j', async (argv, expected) => {
    await expect(parse(...argv)).resolves.toEqual(expected);
  });

  it('simulate reads its spec and its port', async () => {
    const parsed = await parse(
      'simulate',
      'rpm=600,tpm=100000,latency=200ms,errors=2%,seed=7',
      '--port',
      '0',
    );
    expect(parsed).toEqual({
      command: 'simulate',
      host: '127.0.0.1',
      port: 0,
      spec: { rpm: 600, tpm: 100_000, latencyMs: 200, errorRate: 0.02, seed: 7 },
      ...display,
    });
  });

  it.each([
    [
      ['--by', 'model', '--by', 'tag:客户'],
      ['model', 'tag:客户'],
    ],
    [
      ['--by', 'day,model', '--by=tag:客户'],
      ['day', 'model', 'tag:客户'],
    ],
    [
      ['--by', 'model', '--by', 'tag:city, country'],
      ['model', 'tag:city, country'],
    ],
    [
      ['--by', 'tag:客户,model', '--by', 'day'],
      ['tag:客户', 'model', 'day'],
    ],
    [
      ['--by', 'tag:客户,tag:city'],
      ['tag:客户', 'tag:city'],
    ],
  ])('usage %j: by %j', async (flags, by) => {
    expect(await parse('usage', ...flags)).toMatchObject({ command: 'usage', by });
  });

  it.each([
    [['usage', '--by', 'tag:city, country'], /"country" is not one of model, day/],
    [['usage', '--by', 'model', '--by', 'model'], /model is named twice/],
    [['usage', '--by', 'model', '--by', 'colour,day'], /"colour" is not one of/],
    [['usage', '--by', 'colour'], /--by: "colour" is not one of model, day/],
    [['usage', '--by', 'model,model'], /model is named twice/],
    [['usage', '--by', 'tag:'], /"tag:" is not one of/],
    [['usage', 'a', ''], /empty string/],
    [['retry', '--status', 'failed'], /"failed" is not an HTTP status/],
    [['retry', 'a', 'b'], /unexpected "b"/],
    [['status', 'a', '--format', 'csv'], /--format is not a flag of status/],
    [['check', 'a', '-o', 'x'], /-o is not a flag of check/],
    [['simulate', '--port', '65536'], /is not a port/],
    [['simulate', '--port', 'http'], /is not a port/],
    [['simulate', 'speed=3'], /^simulate: unknown part "speed=3"/],
    [['simulate', 'rpm=x'], /^simulate: rpm=x is not a whole number/],
    [['completion'], /needs a shell/],
    [['completion', 'tcsh'], /"tcsh" is not one of bash, zsh, fish/],
    [['runn', 'in.jsonl'], /unknown command "runn"/],
    [['in.jsonl'], /unknown command "in.jsonl"/],
    [[''], /command is an empty string/],
    [[], /no command given/],
    [['--json'], /no command given/],
  ] as const)('refuses %j', async (argv, message) => {
    const error = await refusal(...argv);
    expect(error.exitCode).toBe(64);
    expect(error.message).toMatch(message);
  });

  it('suggests the command that was meant', async () => {
    expect((await refusal('runn')).hint).toBe('did you mean qbatch run?');
    expect((await refusal('stats')).hint).toBe('did you mean qbatch status?');
    expect((await refusal('in.jsonl')).hint).toBe('did you mean qbatch run in.jsonl?');
    expect((await refusal('my in.jsonl')).hint).toBe("did you mean qbatch run 'my in.jsonl'?");
  });
});

describe('parseArgs: help and version', () => {
  it.each([['--version'], ['-V']])('%s answers the version that was passed', async (flag) => {
    await expect(parse(flag)).resolves.toEqual({ command: 'version', text: VERSION });
    await expect(parse('run', flag)).resolves.toEqual({ command: 'version', text: VERSION });
  });

  it('--help lists every command, examples first', async () => {
    const help = await parse('--help');
    if (help.command !== 'help') throw new Error(help.command);
    for (const command of COMMANDS) expect(help.text).toContain(`qbatch ${command.name} `);
    expect(help.text.indexOf('Examples:')).toBeLessThan(help.text.indexOf('Commands:'));
  });

  it('run --help shows every flag with its default, whatever else is on the line', async () => {
    const help = await parse('run', '--bogus', '-h');
    if (help.command !== 'help') throw new Error(help.command);
    // Wrapping breaks lines anywhere between words.
    const text = help.text.replaceAll(/\s+/g, ' ');
    for (const flag of RUN_FLAGS) {
      expect(text).toContain(`--${flag.name} `);
      const shown = flag.defaultText ?? (flag.type === 'boolean' ? undefined : flag.default);
      if (shown !== undefined) expect(text).toContain(`[default: ${shown}]`);
    }
    expect(text.indexOf('Examples:')).toBeLessThan(text.indexOf('--output'));
    expect(text).toContain('qbatch run <input> [flags]');
    // It changes what chat lines ask, not prompts alone (cli.md section 5: lines that do not say).
    expect(text).toContain('the system message for lines of any shape that have none');
  });

  it('help COMMAND is COMMAND --help', async () => {
    await expect(parse('help', 'usage')).resolves.toEqual(await parse('usage', '--help'));
    await expect(parse('help')).resolves.toEqual(await parse('-h'));
    expect((await refusal('help', 'usag')).hint).toBe('did you mean qbatch usage?');
  });

  it('help does not speak the language of the environment', async () => {
    const before = process.env['LC_ALL'];
    process.env['LC_ALL'] = 'zh_CN.UTF-8';
    try {
      const help = await parse('--help');
      expect(help).toMatchObject({ text: expect.stringContaining('Commands:') });
    } finally {
      if (before === undefined) delete process.env['LC_ALL'];
      else process.env['LC_ALL'] = before;
    }
  });
});
