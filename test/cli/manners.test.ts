import { describe, expect, test } from 'vitest';
import { openBench } from '../helpers/bench.ts';
import { jsonl } from '../helpers/request-lines.ts';
import { runCli } from '../helpers/spawn-cli.ts';

function prompts(count: number, directive = ''): string {
  return jsonl(
    Array.from({ length: count }, (_, index) =>
      JSON.stringify({
        custom_id: `question-${index}`,
        model: 'qwen-flash',
        prompt: `${directive}用一句话解释第 ${index} 个成语。`,
      }),
    ),
  );
}

describe('what the terminal is told', () => {
  test('-q with forty lines that pause before a retry: not a word, no warning of Node either', async () => {
    const bench = openBench();
    bench.write('a.jsonl', prompts(40, '[[simulate: error=InternalError status=500 times=1]] '));
    const run = await runCli(bench, ['run', 'a.jsonl', '--simulate=latency=0', '-q']);
    expect(run).toMatchObject({ status: 0, stderr: '', stdout: '' });
    expect(bench.lines('a.results.jsonl')).toHaveLength(40);
  });

  test('an answer of the simulator that says "simulated": nothing is taken for a key', async () => {
    const bench = openBench();
    const prompt = 'simulated annealing, simulated';
    bench.write('a.jsonl', jsonl([JSON.stringify({ model: 'qwen-plus', prompt })]));
    await runCli(bench, ['run', 'a.jsonl', '--simulate=latency=0']);
    expect(bench.read('a.results.jsonl')).toContain(prompt);
    expect(bench.read('a.results.jsonl')).not.toContain('[redacted]');
  });

  test('the end is told once: the summary, and no line of the progress that repeats it', async () => {
    const bench = openBench();
    bench.write('a.jsonl', prompts(3));
    const run = await runCli(bench, ['run', 'a.jsonl', '--simulate=latency=0']);
    expect(run.stderr.match(/3 answered/g)).toHaveLength(1);
    const again = await runCli(bench, ['run', 'a.jsonl', '--simulate=latency=0']);
    expect(again.stderr).toContain('job a is finished already; nothing to send\n');
  });

  test('a refused file: what to do is said once, and not at all where it was done', async () => {
    const bench = openBench();
    bench.write('a.jsonl', `${prompts(1)}{"custom_id":"b","model":"qwen-flash"}\n`);
    const refused = await runCli(bench, ['run', 'a.jsonl', '--simulate']);
    expect(refused.status).toBe(65);
    expect(refused.stderr.match(/--skip-invalid/g)).toHaveLength(1);
    const run = await runCli(bench, ['run', 'a.jsonl', '--simulate', '--skip-invalid']);
    expect(run.status).toBe(1);
    expect(run.stderr).not.toContain('--skip-invalid');
    const check = await runCli(bench, ['check', 'a.jsonl']);
    expect(check.stdout.match(/--skip-invalid/g)).toHaveLength(1);
  });
});
