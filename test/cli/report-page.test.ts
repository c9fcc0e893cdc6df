import { statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { beginPaceTrace } from '../../src/ledger/pace-trace.ts';
import type { Job } from '../../src/ledger/records.ts';
import { openBench } from '../helpers/bench.ts';
import {
  browse,
  canBrowse,
  drawnValues,
  keepPicture,
  colouredPixels,
  tableRows,
} from '../helpers/browser.ts';
import { runHere } from '../helpers/run-here.ts';
import {
  addJob,
  answeredCall,
  openLedger,
  SAMPLE,
  type SampleLine,
  STARTED_AT,
} from '../ledger/sample-job.ts';

const HOUR_MS = 3_600_000;

/** What a page that trusts its texts would run, or a spreadsheet, or show the wrong way round. */
const PAYLOADS = [
  '</script><script>globalThis.harmed = 1</script>',
  '<img src="https://example.com/x.png" onerror="globalThis.harmed = 2">',
  '"><svg/onload=globalThis.harmed=3>',
  '=HYPERLINK("https://example.com/","x")',
  '${globalThis.harmed = 4}{{constructor.constructor("globalThis.harmed=5")()}}',
  '\u202Etxt.exe\u0000\u001B[2J',
  '<!-- <script>',
];

/** Writes a ledger and makes the page of it; returns its address. */
async function makePage(
  jobs: readonly {
    readonly name: string;
    readonly lines: readonly SampleLine[];
    readonly currency?: string;
    readonly simulated?: boolean;
  }[],
  by = 'model',
  prepare: (ledger: Ledger, job: Job) => void = () => undefined,
): Promise<string> {
  const bench = openBench();
  const ledger = openLedger(bench.path('exam.qbatch.db'));
  const inputPath = bench.path('exam.jsonl');
  for (const { name, lines, currency = 'CNY', simulated = false } of jobs)
    prepare(ledger, addJob(ledger, lines, { name, inputPath, currency, simulated }));
  ledger.close();
  const made = await runHere(bench, ['usage', '--by', by, '--format', 'html', '-o', 'report.html']);
  expect(made).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(statSync(bench.path('report.html')).mode & 0o777).toBe(0o600);
  return pathToFileURL(bench.path('report.html')).href;
}

/** So many lines of two models in two hours. */
function twoHours(count: number): SampleLine[] {
  return Array.from({ length: count }, (_, at) => ({
    ...(SAMPLE[0] as SampleLine),
    lineNo: at + 1,
    customId: `题-${at + 1}`,
    model: at % 4 === 3 ? 'qwen-max' : 'qwen-plus',
    attempts: [
      answeredCall(STARTED_AT + (at % 2) * HOUR_MS, 1_600, {
        tokens: [100, at % 4 === 3 ? 60 : 25, 200, 50, null],
        costPico: at % 4 === 3 ? 2_000_000_000 : 500_000_000,
      }),
    ],
  }));
}

/** Ten seconds at 600 requests and 6,000 tokens a minute, of 12,001 and 120,000 that are allowed. */
function tenSeconds(ledger: Ledger, job: Job): void {
  const limits = { rpmLimit: 12_001, tpmLimit: 120_000 };
  const counts = { starts: 10, startsMost: 10, throttles: { rate: 0, tokens: 0, burst: 0 } };
  const model = 'qwen-plus';
  ledger.transact(() => {
    const at = { firstStartAt: STARTED_AT, lastStartAt: STARTED_AT + 9_000 };
    const used = { usedRequests: 100, allowedRequests: 200, usedTokens: 0, allowedTokens: 0 };
    const origins = { rpmOrigin: 'flag', tpmOrigin: 'flag' } as const;
    const each = {
      model,
      spanSeconds: 1,
      seconds: 1,
      rpm: null,
      tpm: null,
      waiting: 0,
      inFlight: 1,
    };
    beginPaceTrace(ledger, job.id, STARTED_AT).write({
      buckets: Array.from({ length: 10 }, (_, second) => ({
        ...each,
        ...counts,
        ...limits,
        at: STARTED_AT + 1_000 * second,
        tokens: 100,
      })),
      lanes: [{ model, ...limits, ...origins, ...at, ...used, ...counts, tokens: 1_000 }],
      changes: [],
    });
  });
}

const sum = (values: readonly number[] = []): number => values.reduce((all, one) => all + one, 0);

describe.skipIf(!canBrowse)('the html report in a browser', () => {
  test('charts: drawn without a complaint, their values those of the ledger, nothing asked for', async () => {
    const address = await makePage([{ name: 'exam', lines: twoHours(40) }]);
    await browse(address, {}, async ({ page, complaints, requests }) => {
      await keepPicture(page, 'report-light');
      expect(complaints).toEqual([]);
      expect(requests).toEqual([address]);
      const painted = await colouredPixels(page);
      expect(Object.keys(painted)).toEqual([
        ...['cost-CNY', 'tokens', 'calls', 'latency', 'output'],
        ...['projected-cost-CNY', 'projected-output'],
      ]);
      // Axes are grey: an empty chart has none.
      for (const pixels of Object.values(painted)) expect(pixels).toBeGreaterThan(500);
      const cost = await drawnValues(page, 'cost-CNY');
      // 10 lines of qwen-max at 0.002, all in the second hour (their numbers are even: 4, 8, ...); 30 of qwen-plus at 0.0005.
      expect(sum(cost['qwen-max'])).toBeCloseTo(0.02, 12);
      expect(sum(cost['qwen-plus'])).toBeCloseTo(0.015, 12);
      expect(cost['qwen-max']?.[0]).toBe(0);
      expect(cost['qwen-plus']?.[0]).toBeCloseTo(0.01, 12);
      const tokens = await drawnValues(page, 'tokens');
      expect(sum(tokens['qwen-max'])).toBe(10 * 160);
      expect(sum((await drawnValues(page, 'calls'))['answered'])).toBe(40);
      // Nothing was expected of the sample's job; 40 lines took 10 * 60 + 30 * 25 tokens.
      const projected = await drawnValues(page, 'projected-output');
      expect(sum(projected['expected']?.filter((value) => !Number.isNaN(value)))).toBe(0);
      expect(projected['actual']?.at(-1)).toBe(1_350);
      // All took 1.6 s: one bar of each model.
      expect((await tableRows(page, 'latency-table')).map(([bin]) => bin)).toEqual([
        '1.5 s – 2.0 s',
      ]);
      expect(await drawnValues(page, 'output')).toEqual({
        'qwen-max': [0, 0, 10],
        'qwen-plus': [30, 0, 0],
      });
      expect((await tableRows(page, 'output-table')).map(([bin]) => bin)).toEqual([
        '20 – 30',
        '30 – 50',
        '50 – 70',
      ]);
    });
  });

  test('figures: those of usage --format json; tables sort by every column, both ways', async () => {
    const address = await makePage([{ name: 'exam', lines: SAMPLE }]);
    await browse(address, {}, async ({ page, complaints }) => {
      const tile = (name: string): Promise<string | null> =>
        page.locator(`[data-tile="${name}"] strong`).textContent();
      expect(await tile('cost')).toBe('1.00 CNY');
      const note = (name: string): Promise<string | null> =>
        page.locator(`[data-tile="${name}"] small`).textContent();
      // What the sums leave out is told beside them: calls of a model without a price, the rejected line.
      const why = 'unpriced, not counted: no known price, or no tokens reported';
      expect(await note('cost')).toBe(`1.000123; 1 ${why}`);
      expect(await note('possibly-billed')).toBe(`4 calls; 2 ${why}`);
      const unpricedHead = page.locator('#groups th', { hasText: /^unpriced$/ });
      expect(await unpricedHead.count()).toBe(1);
      expect(await tile('lines')).toBe('5');
      expect(await note('lines')).toBe('3 answered, 1 failed, 1 rejected');
      expect(await tile('attempts')).toBe('9');
      const models = async (): Promise<(string | undefined)[]> =>
        (await tableRows(page, 'groups')).map(([model]) => model);
      expect(await models()).toEqual(['my-model', 'qwen-max', 'qwen-plus', '–']);
      const costHead = page.locator('#groups th', { hasText: /^cost$/ });
      await costHead.getByRole('button').click();
      expect(await models()).toEqual(['qwen-max', 'qwen-plus', '–', 'my-model']);
      expect(await costHead.getAttribute('aria-sort')).toBe('descending');
      await costHead.getByRole('button').click();
      expect(await models()).toEqual(['–', 'qwen-plus', 'qwen-max', 'my-model']);
      const failures = await tableRows(page, 'failures');
      expect(failures.map(([code, lines, calls]) => [code, lines, calls])).toEqual([
        ['DataInspectionFailed', '1', '1'],
        ['qbatch_invalid_request', '1', '0'],
        ['Throttling.RateQuota', '0', '1'],
        ['qbatch_connection_error', '0', '1'],
        ['qbatch_interrupted', '0', '1'],
        ['qbatch_partial_response', '0', '1'],
        ['qbatch_timeout', '0', '1'],
      ]);
      expect(failures[0]?.[3]).toContain('输入内容不合规');
      // Lines 1 and 5 were answered after all, 3 failed with another code, 6 is open.
      expect(failures.slice(2).map(([code, , , said]) => [code, said])).toEqual([
        ['Throttling.RateQuota', 'overcome by later attempts'],
        ['qbatch_connection_error', 'overcome by later attempts'],
        ['qbatch_interrupted', 'no line ended with it'],
        ['qbatch_partial_response', 'overcome by later attempts'],
        ['qbatch_timeout', 'no line ended with it'],
      ]);
      expect(complaints).toEqual([]);
    });
  });

  test('hostile texts: in every place, shown as text, and nothing of them runs', async () => {
    const lines = PAYLOADS.flatMap((payload, at): SampleLine[] => [
      {
        ...(SAMPLE[0] as SampleLine),
        lineNo: 2 * at + 1,
        customId: payload,
        model: payload,
        metadata: { [payload]: payload, team: payload },
      },
      {
        ...(SAMPLE[2] as SampleLine),
        lineNo: 2 * at + 2,
        customId: `${payload}-2`,
        model: payload,
        code: payload,
        message: payload,
        metadata: { team: payload },
        attempts: (SAMPLE[2] as SampleLine).attempts.map((attempt) => ({
          ...attempt,
          code: payload,
        })),
      },
    ]);
    const jobs = PAYLOADS.filter((payload) => !payload.includes('\u0000')).map((payload) => ({
      name: payload,
      lines: lines.slice(0, 2),
      currency: 'CNY',
    }));
    const address = await makePage([{ name: 'exam', lines }, ...jobs], 'tag:team,model,code,job');
    await browse(address, { colorScheme: 'dark' }, async ({ page, complaints, requests }) => {
      await keepPicture(page, 'report-hostile-dark');
      for (const summary of await page.locator('summary').all()) await summary.click();
      for (const head of await page.locator('#groups th button').all()) await head.click();
      expect(await page.evaluate('globalThis.harmed')).toBeUndefined();
      expect(complaints).toEqual([]);
      expect(requests).toEqual([address]);
      expect(await page.locator('main img, main svg, main script, main a').count()).toBe(0);
      expect(await page.locator('script').count()).toBe(0);
      const shown = await page.locator('#failures').textContent();
      for (const payload of PAYLOADS.slice(0, 5)) expect(shown).toContain(payload);
      expect(await page.locator('body').textContent()).not.toMatch(/[\u202E\u001B\0]/);
    });
  });

  test('policy: the page itself cannot load, send or run anything else', async () => {
    const address = await makePage([{ name: 'exam', lines: SAMPLE }]);
    await browse(address, {}, async ({ page, complaints }) => {
      const tried = await page.evaluate(`(async () => {
        const script = document.createElement('script');
        script.textContent = 'globalThis.harmed = 1';
        document.body.append(script);
        const image = document.createElement('img');
        image.src = 'http://127.0.0.1:9/x.png';
        document.body.append(image);
        const sent = await fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused');
        return { harmed: 'harmed' in globalThis, sent };
      })()`);
      expect(tried).toEqual({ harmed: false, sent: 'refused' });
      for (const kept of ['script-src', 'img-src', "'connect-src' was not explicitly set"])
        expect(complaints.join('\n')).toContain(kept);
    });
  });

  test('Chinese on a phone: by the browser or by the switch, nothing wider than the screen', async () => {
    const address = await makePage([{ name: '夜班', lines: SAMPLE }]);
    await browse(address, { locale: 'zh-CN', width: 390 }, async ({ page, complaints }) => {
      await keepPicture(page, 'report-phone-chinese');
      expect(await page.locator('h1').textContent()).toBe('qbatch 用量报告 夜班');
      expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
      const said = (await tableRows(page, 'failures')).slice(-2).map(([, , , cell]) => cell);
      expect(said).toEqual(['后续尝试已成功', '没有行以此错误结束']);
      const width = await page.evaluate('document.documentElement.scrollWidth');
      expect(width).toBeLessThanOrEqual(390);
      // Messages are read, not scrolled to.
      const samples = await page.locator('#failures .samples').all();
      expect(samples).toHaveLength(2);
      for (const sample of samples) {
        const { x, width: wide } = (await sample.boundingBox()) ?? { x: 0, width: Infinity };
        expect(x + wide).toBeLessThan(390);
      }
      await page.locator('#language').selectOption('en');
      expect(await page.locator('h1').textContent()).toBe('qbatch usage report 夜班');
      expect(await page.locator('figure canvas').count()).toBe(7);
      expect(complaints).toEqual([]);
    });
  });

  test.each([1280, 390])(
    'a very long name of a model, %i wide: figures stay in sight',
    async (width) => {
      const model = `pai-eas-${'a-fine-tuned-model-'.repeat(10)}2026`;
      const lines = twoHours(8).map((line) =>
        line.model === 'qwen-max' ? { ...line, model } : line,
      );
      await browse(await makePage([{ name: 'exam', lines }]), { width }, async ({ page }) => {
        await keepPicture(page, `report-long-name-${width}`);
        expect((await tableRows(page, 'groups')).map(([first]) => first)).toContain(model);
        for (const table of ['groups', 'estimates']) {
          const figures = await page.locator(`#${table} td.number`).first().boundingBox();
          expect(figures?.x, table).toBeLessThan(width - 100);
        }
        // Of a chart, its values: their heads are such names.
        await page.locator('#cost-CNY-values summary').click();
        const heads = await page.locator('#cost-CNY-table th button').all();
        expect(heads).toHaveLength(3);
        for (const head of heads) expect((await head.boundingBox())?.width).toBeLessThan(320);
      });
    },
  );

  test('paper: light whatever the screen is, two charts side by side on the sheet', async () => {
    const address = await makePage([{ name: 'exam', lines: twoHours(8) }]);
    await browse(address, { colorScheme: 'dark' }, async ({ page }) => {
      const look = (): Promise<{ surface: string; widths: number[] }> =>
        page.evaluate(`({
          surface: getComputedStyle(document.documentElement).getPropertyValue('--surface').trim(),
          widths: [...document.querySelectorAll('canvas')].map((one) => one.clientWidth),
        })`);
      const before = await look();
      await page.evaluate("dispatchEvent(new Event('beforeprint'))");
      const onPaper = await look();
      await page.evaluate("dispatchEvent(new Event('afterprint'))");
      expect(onPaper.surface).toBe('#ffffff');
      expect(new Set(onPaper.widths)).toEqual(new Set([470]));
      expect(await look()).toEqual(before);
      const pdf = await page.pdf();
      expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    });
  });

  test('pace: a limit beside the rate; one over 20 times higher is told instead of drawn', async () => {
    const address = await makePage([{ name: 'exam', lines: SAMPLE }], 'model', tenSeconds);
    await browse(address, {}, async ({ page, complaints }) => {
      await keepPicture(page, 'report-pace');
      expect(Object.keys(await drawnValues(page, 'requests'))).toEqual(['Requests a minute']);
      expect(await page.locator('#requests figcaption small').textContent()).toBe(
        'limit of 12,001 not drawn: over 20 times the highest rate',
      );
      const tokens = await drawnValues(page, 'token-rate');
      expect(new Set(tokens['Tokens a minute'])).toEqual(new Set([6_000]));
      expect(new Set(tokens['limit'])).toEqual(new Set([120_000]));
      expect(await page.locator('#token-rate figcaption small').count()).toBe(0);
      expect(complaints).toEqual([]);
    });
  });

  test('simulated jobs: told which part of the cost nobody billed, and marked among the jobs', async () => {
    const [real, rehearsal] = [
      { name: 'real', lines: twoHours(4) },
      { name: 'rehearsal', lines: twoHours(4), simulated: true },
    ];
    const columns = (page: Page): Promise<string[]> =>
      page.locator('#jobs thead th').allTextContents();
    await browse(await makePage([real, rehearsal]), {}, async ({ page }) => {
      const notice = page.locator('header .notice');
      expect(await notice.textContent()).toBe(
        '1 of 2 jobs are simulated; their cost was not billed',
      );
      const at = (await columns(page)).indexOf('simulated');
      const marks = (await tableRows(page, 'jobs')).map((cells) => [cells[0], cells[at]]);
      expect(marks).toEqual([
        ['real', 'no'],
        ['rehearsal', 'yes'],
      ]);
      await page.locator('#language').selectOption('zh');
      expect(await notice.textContent()).toBe('2 个作业中有 1 个为模拟运行，其费用并未产生');
    });
    await browse(await makePage([rehearsal]), {}, async ({ page }) => {
      expect(await page.locator('header .notice').textContent()).toBe(
        'simulated: nothing was billed',
      );
    });
    await browse(await makePage([real]), {}, async ({ page }) => {
      expect(await page.locator('header .notice').count()).toBe(0);
      expect(await columns(page)).not.toContain('simulated');
    });
  });

  test('two currencies: a chart and a row of figures each, never added up', async () => {
    const flying = { ...(SAMPLE[5] as SampleLine), lineNo: 5 };
    const address = await makePage([
      { name: 'home', lines: [...twoHours(4), flying] },
      { name: 'abroad', lines: twoHours(8), currency: 'USD' },
    ]);
    await browse(address, {}, async ({ page }) => {
      const costs = await page.locator('[data-tile="cost"] small').allTextContents();
      expect(costs).toEqual(['0.0035', '0.007']);
      // As in status: of the lines that were called, that of the call in flight too.
      const attempts = page.locator('[data-tile="attempts"] small');
      expect(await attempts.allTextContents()).toEqual(['1.00 a line', '1.00 a line']);
      expect(sum(Object.values(await drawnValues(page, 'cost-CNY')).flat())).toBeCloseTo(
        0.0035,
        12,
      );
      expect(sum(Object.values(await drawnValues(page, 'cost-USD')).flat())).toBeCloseTo(0.007, 12);
    });
  });
});
