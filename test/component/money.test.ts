import { afterEach, describe, expect, test } from 'vitest';
import { openPico } from '../../src/job/projection.ts';
import { estimateSums } from '../../src/ledger/estimates.ts';
import { findJob } from '../../src/ledger/jobs.ts';
import { parseAmountPico } from '../../src/models/price.ts';
import type { RunEvent } from '../../src/reporters/reporter.ts';
import type { Survey } from '../../src/survey.ts';
import { closeHarnesses, createHarness, type Harness } from './job-harness.ts';

afterEach(closeHarnesses);

/** Lines whose answers are told to be so long. */
function lines(count: number, fields: object = {}): object[] {
  return Array.from({ length: count }, (_, index) => ({
    custom_id: `题目-${index + 1}`,
    prompt: `[[simulate: output=300]] 第 ${index + 1} 题：请解释这个成语的来历`,
    ...fields,
  }));
}

function sumsOf(at: Harness) {
  return at.look((ledger) =>
    estimateSums(ledger.database, findJob(ledger.database, 'reviews')?.id ?? 0),
  );
}

describe('a small cap with a high theoretical bound', () => {
  test('does useful work: most of 0.5 CNY, where one call could take more than 2', async () => {
    const at = await createHarness();
    at.writeInput(lines(400, { model: 'qwen3-max', n: 4 }));
    let survey: Survey | undefined;
    const result = await at.run({
      settings: { maxCost: '0.5', concurrency: 8 },
      gate: (seen) => {
        survey = seen;
        return Promise.resolve();
      },
    });
    const most = survey?.models.get('qwen3-max')?.maxPico ?? 0;
    expect(most / 400).toBeGreaterThan(2e12);
    expect(result).toMatchObject({ exitCode: 3, summary: { stopped: { reason: 'cost' } } });
    const spent = Number(result.summary.cost.amount);
    expect(spent).toBeGreaterThan(0.4);
    expect(spent).toBeLessThanOrEqual(0.5);
    expect(result.summary.lines.answered).toBeGreaterThan(10);
    const again = await at.run({ settings: { maxCost: '0.6', concurrency: 8 } });
    expect(Number(again.summary.cost.amount)).toBeGreaterThan(spent);
    expect(Number(again.summary.cost.amount)).toBeLessThanOrEqual(0.6);
  });
});

describe('what was expected beside what came', () => {
  test('is summed over the runs of a job, and told at its end', async () => {
    const at = await createHarness();
    at.writeInput(lines(30));
    await at.run({
      settings: { concurrency: 1 },
      onEvent: (event, stop) => {
        if (event.event === 'line-settled' && event.line === 10)
          stop.stop({ reason: 'test', code: 3, message: 'enough' });
      },
    });
    const first = sumsOf(at);
    expect(first).toMatchObject([{ model: 'qwen-plus', thinking: false }]);
    expect(first[0]?.lines).toBeGreaterThanOrEqual(10);
    expect(first[0]?.lines).toBeLessThan(30);
    const { summary } = await at.run();
    const [sums] = sumsOf(at);
    expect(sums).toMatchObject({
      lines: 30,
      inputActual: summary.usage.input_tokens,
      outputActual: summary.usage.output_tokens,
      picoActual: Number(parseAmountPico(summary.cost.amount)),
    });
    expect(summary.estimate).toMatchObject({
      lines: 30,
      input_tokens: { actual: summary.usage.input_tokens },
      output_tokens: { actual: summary.usage.output_tokens },
      cost: { actual: summary.cost.amount },
    });
    // Nothing had been seen when the first lines were planned: 512 tokens were assumed for each.
    expect(sums?.outputEstimated).toBe(30 * 512);
  });

  test('another job of the ledger: expects what such answers took', async () => {
    const at = await createHarness();
    at.writeInput(lines(30));
    const { summary } = await at.run();
    const mean = (summary.usage.output_tokens ?? 0) / 30;
    let survey: Survey | undefined;
    await at.run({
      fresh: false,
      acceptChangedInput: true,
      gate: (seen) => {
        survey = seen;
        return Promise.resolve();
      },
    });
    expect(survey?.models.get('qwen-plus')?.outputExpectedTokens).toBe(30 * Math.round(mean));
  });

  test('--fresh forgets what was expected of the old lines', async () => {
    const at = await createHarness();
    at.writeInput(lines(5));
    await at.run();
    const { summary } = await at.run({ fresh: true });
    expect(summary.estimate?.lines).toBe(5);
  });
});

describe('what the open lines are to cost', () => {
  /** The projection for so many open lines ÷ what as many answers took on the average. */
  function projectedShare(at: Harness, openLines: number): number {
    return at.look(({ database }) => {
      const job = findJob(database, 'reviews');
      if (job === null) throw new Error('the job is gone');
      const sums = estimateSums(database, job.id);
      const [{ lines: answered, picoActual } = { lines: 0, picoActual: 0 }] = sums;
      return openPico(job.survey, sums, openLines) / openLines / (picoActual / answered);
    });
  }

  test('a run that goes on expects of its lines what the survey did: the last ones cost no more', async () => {
    const at = await createHarness();
    at.writeInput(lines(100));
    for (const last of [40, 95]) {
      await at.run({
        settings: { concurrency: 1 },
        onEvent: (event, stop) => {
          if (event.event === 'line-settled' && event.line === last)
            stop.stop({ reason: 'test', code: 3, message: 'enough' });
        },
      });
    }
    expect(sumsOf(at)[0]?.lines).toBeGreaterThanOrEqual(95);
    expect(Math.abs(projectedShare(at, 5) - 1)).toBeLessThan(0.1);
  });

  test('a changed input: the lines of the old one do not count as answered', async () => {
    const at = await createHarness();
    at.writeInput(lines(40));
    await at.run();
    at.writeInput(lines(40, { temperature: 0.5 }));
    let asked = 0;
    const { summary } = await at.run({
      acceptChangedInput: true,
      settings: { sample: 25 },
      confirmSampled: (expectedPico) => {
        asked = expectedPico;
        return Promise.resolve('not confirmed');
      },
    });
    expect(summary.lines).toMatchObject({ answered: 25, open: 15 });
    expect(summary.estimate?.lines).toBe(25);
    expect(asked).toBeGreaterThan(0);
    expect(Math.abs(projectedShare(at, 15) - 1)).toBeLessThan(0.1);
  });
});

describe('--sample', () => {
  type SampleEnd = Extract<RunEvent, { readonly event: 'sample-end' }>;

  async function sampled(refusal: string | null) {
    const at = await createHarness();
    at.writeInput(lines(60));
    const ends: SampleEnd[] = [];
    let settledBefore = 0;
    let asked: number | null = null;
    const result = await at.run({
      settings: { sample: 25, concurrency: 4 },
      onEvent: (event) => {
        if (event.event === 'sample-end') ends.push(event);
        if (event.event === 'line-settled' && asked === null) settledBefore += 1;
      },
      confirmSampled: (expectedPico) => {
        asked = expectedPico;
        return Promise.resolve(refusal);
      },
    });
    return { at, result, ends, settledBefore, asked: Number(asked) };
  }

  test('the first lines alone, then the others by what those took', async () => {
    const { result, ends, settledBefore, asked } = await sampled(null);
    expect(settledBefore).toBe(25);
    expect(ends).toMatchObject([{ sampleLines: 25, openLines: 35, currency: 'CNY' }]);
    expect(result).toMatchObject({ exitCode: 0, summary: { lines: { answered: 60 } } });
    // The sample's answers are like the others: the projection is close to what those took.
    const perLine = Number(parseAmountPico(result.summary.cost.amount)) / 60;
    expect(asked / 35 / perLine).toBeGreaterThan(0.9);
    expect(asked / 35 / perLine).toBeLessThan(1.1);
  });

  test('where the user does not want the others: 3, they stay open, and the next run asks no more', async () => {
    const { at, result } = await sampled('not confirmed');
    expect(result).toMatchObject({
      exitCode: 3,
      summary: {
        lines: { answered: 25, open: 35 },
        stopped: { reason: 'cost', code: 3, message: 'not confirmed' },
      },
    });
    const again = await at.run({
      settings: { sample: 25 },
      confirmSampled: () => Promise.reject(new Error('asked')),
    });
    expect(again).toMatchObject({ exitCode: 0, summary: { lines: { answered: 60 } } });
    expect(at.simulator.stats().calls).toBe(60);
  });

  test('a sample that is the whole input: nothing is left to ask about', async () => {
    const at = await createHarness();
    at.writeInput(lines(3));
    const result = await at.run({
      settings: { sample: 3 },
      confirmSampled: () => Promise.reject(new Error('asked')),
    });
    expect(result.exitCode).toBe(0);
  });
});
