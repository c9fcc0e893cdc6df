import fc from 'fast-check';
import { expect, test } from 'vitest';
import { closeHarnesses, createHarness } from '../component/job-harness.ts';

/** What one line meets; all of it passes in the end, or fails for good. */
const FATES = [
  '',
  '',
  '[[simulate: error=InternalError times=1]] ',
  '[[simulate: error=InternalError times=2]] ',
  '[[simulate: error=DataInspectionFailed]] ',
  '[[simulate: reset times=1]] ',
  '[[simulate: truncate times=1]] ',
  '[[simulate: garbage times=1]] ',
  '[[simulate: empty times=1]] ',
  '[[simulate: html times=1]] ',
  '[[simulate: latency=5ms]] ',
] as const;

test('any faults, stops and drops: every line ends in one record, the files hold each line once, the bill is between what is certain and what is possible', async () => {
  const scenario = fc.record({
    fates: fc.array(fc.nat(FATES.length - 1), { minLength: 1, maxLength: 25 }),
    concurrency: fc.integer({ min: 1, max: 6 }),
    order: fc.constantFrom('input' as const, 'settled' as const),
    /** After so many settled lines of a run; `drop`: calls in flight are dropped too. */
    stops: fc.array(fc.record({ after: fc.integer({ min: 1, max: 8 }), drop: fc.boolean() }), {
      maxLength: 3,
    }),
  });
  await fc.assert(
    fc.asyncProperty(scenario, async ({ fates, concurrency, order, stops }) => {
      const at = await createHarness();
      try {
        const ids = fates.map((_, index) => `评论-${index + 1}`);
        at.writeInput(
          fates.map((fate, index) => ({
            custom_id: ids[index],
            prompt: `${FATES[fate] ?? ''}第 ${index + 1} 条，运气 ${fate}`,
          })),
        );
        const settings = { concurrency, order };
        for (const { after, drop } of stops) {
          let settled = 0;
          await at.run({
            settings,
            onEvent: (event, stop) => {
              if (event.event !== 'line-settled') return;
              settled += 1;
              if (settled !== after) return;
              stop.stop({ reason: 'interrupted', code: 130, message: 'interrupted by a signal' });
              if (drop) stop.abort();
            },
          });
        }
        const { summary, job } = await at.run({ settings });
        expect(job.state).toBe('finished');
        expect(summary.lines).toMatchObject({ total: fates.length, rejected: 0, open: 0 });
        expect(summary.lines.answered + summary.lines.failed).toBe(fates.length);
        const results = at.results().map(({ custom_id }) => custom_id);
        const errors = at.errors().map(({ custom_id }) => custom_id);
        expect([...results, ...errors].toSorted()).toEqual(ids.toSorted());
        if (order === 'input')
          for (const file of [results, errors])
            expect(file).toEqual(ids.filter((id) => file.includes(id)));
        for (const { custom_id, error } of at.errors())
          expect(`${custom_id} ${error?.code}`).toBe(`${custom_id} DataInspectionFailed`);
        const stats = at.simulator.stats();
        const certain = (summary.usage.input_tokens ?? 0) + (summary.usage.output_tokens ?? 0);
        const billed = stats.billedInputTokens + stats.billedOutputTokens;
        expect(certain).toBeLessThanOrEqual(billed);
        expect(billed).toBeLessThanOrEqual(certain + summary.possibly_billed.tokens);
        if (summary.possibly_billed.attempts === 0) expect(certain).toBe(billed);
        const unknown = at.look((ledger) =>
          ledger.database
            .prepare('SELECT count(*) FROM attempts WHERE class IS NULL')
            .pluck()
            .get(),
        );
        expect(unknown).toBe(0);
      } finally {
        await closeHarnesses();
      }
    }),
    { numRuns: 15 },
  );
});
