import { afterEach, expect, test } from 'vitest';
import { closeHarnesses, createHarness } from './job-harness.ts';

afterEach(closeHarnesses);

test('a model that admits nothing for --max-unreachable: parked, its lines stay open and uncounted, the others finish, 69', async () => {
  const at = await createHarness();
  const models = ['qwen-max', 'qwen-plus'];
  at.writeInput(
    Array.from({ length: 20 }, (_, index) => ({
      custom_id: `评论-${index}`,
      model: models[index % 2],
      prompt: index % 2 === 0 ? '[[simulate: error=Throttling.RateQuota]] 你好' : '你好',
    })),
  );
  const parked: string[] = [];
  const result = await at.run({
    settings: { maxUnreachableMs: 0 },
    onEvent: (event) => {
      if (event.event === 'model-parked') parked.push(event.model);
    },
  });
  expect(result).toMatchObject({
    exitCode: 69,
    summary: { lines: { answered: 10, failed: 0, open: 10 }, possibly_billed: { attempts: 0 } },
  });
  expect(parked).toEqual(['qwen-max']);
  const counted = at.look((ledger) =>
    ledger.database
      .prepare(`SELECT DISTINCT class || counted FROM attempts WHERE model = 'qwen-max'`)
      .pluck()
      .all(),
  );
  expect(counted).toEqual(['rejected0']);
});
