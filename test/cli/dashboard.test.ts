import { describe, expect, test } from 'vitest';
import type { ReportData, ReportLive } from '../../src/report/report-data.ts';
import type { Bench } from '../helpers/bench.ts';
import { browse, canBrowse, drawnValues, keepPicture } from '../helpers/browser.ts';
import { BAD_REQUEST, type CliJob, customIds, prepareCliJob } from '../helpers/cli-job.ts';
import { jsonl, nativeLine } from '../helpers/request-lines.ts';
import { runHere } from '../helpers/run-here.ts';
import { type RunningCli, startCli } from '../helpers/spawn-cli.ts';

const ADDRESS = /http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{48}\//;
/** So many of the 30 lines are settled before the service stops to answer; line 3 failed. */
const SETTLED = 20;

type Held = { readonly job: CliJob; readonly run: RunningCli; readonly release: () => void };

/** A job with a dashboard whose service answers the first lines at once, the others when it is told. */
async function startHeld(flags: readonly string[] = []): Promise<Held> {
  const job = await prepareCliJob(30);
  const { bench, server, ids, args } = job;
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  server.script = ({ id }) => (id === ids[2] ? BAD_REQUEST : { kind: 'answer' });
  server.beforeReply = ({ id }) => (ids.indexOf(id) < SETTLED ? undefined : released);
  const run = startCli(bench, [...args, '--dashboard', ...flags]);
  return { job, run, release };
}

type Heard = { live: ReportLive | null; report: ReportData | null };

/** Asks as an open page does, until nobody answers; what was heard last. */
async function followTo(address: string): Promise<Heard> {
  const heard: Heard = { live: null, report: null };
  let version = 0;
  try {
    for (;;) {
      const live = (await (await fetch(`${address}live.json`)).json()) as ReportLive;
      heard.live = live;
      if (live.reportVersion > version) {
        heard.report = (await (await fetch(`${address}report.json`)).json()) as ReportData;
        version = live.reportVersion;
      }
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
    }
  } catch {
    return heard;
  }
}

/** How many lines are settled, as an open page is told. */
async function settledAt(address: string): Promise<number | undefined> {
  const { dispatch } = (await (await fetch(`${address}live.json`)).json()) as ReportLive;
  return dispatch?.settled;
}

function results(bench: Bench): unknown[] {
  return [...customIds(bench, 'a.results.jsonl'), ...customIds(bench, 'a.errors.jsonl')];
}

describe.skipIf(!canBrowse)('run --dashboard in a browser', () => {
  test('shows progress, rates, spend and failures while the job runs, and its end', async () => {
    const { job, run, release } = await startHeld(['--max-cost', '5']);
    const address = await run.tells(ADDRESS);
    await run.before(job.server.seen(SETTLED + 1));
    await browse(address, {}, async ({ page, complaints, requests }) => {
      const tile = (name: string): ReturnType<typeof page.locator> =>
        page.locator(`#live [data-tile="${name}"]`);
      await tile('progress').locator('strong', { hasText: /^20$/ }).waitFor();
      expect(await page.locator('#live').getAttribute('data-state')).toBe('running');
      expect(await tile('progress').locator('small').textContent()).toMatch(/^of 30 lines; /);
      expect(await tile('progress').getByRole('progressbar').getAttribute('aria-valuenow')).toBe(
        '66.7',
      );
      expect(await tile('spent').locator('small').textContent()).toMatch(/^of 5\.00 CNY at most/);
      expect(await tile('spent').locator('small').textContent()).not.toContain('unpriced');
      expect(await tile('failed').locator('strong').textContent()).toBe('1');
      await page.locator('#live-models td', { hasText: 'qwen-plus' }).waitFor();
      const failures = page.locator('#live-failures tbody tr');
      expect(await failures.allTextContents()).toEqual(['InvalidParameter1']);
      // The report below comes out of the ledger.
      await page.locator('#groups').waitFor();
      const sumOf = (values: readonly number[] = []): number =>
        values.reduce((all, one) => all + one, 0);
      await expect
        .poll(async () => sumOf((await drawnValues(page, 'calls'))['answered']), {
          timeout: 60_000,
        })
        .toBe(SETTLED - 1);
      await keepPicture(page, 'dashboard-running');
      release();
      await page.locator('#live[data-state="ended"]').waitFor();
      expect(await tile('progress').locator('strong').textContent()).toBe('30');
      await expect
        .poll(async () => sumOf((await drawnValues(page, 'calls'))['answered']), {
          timeout: 60_000,
        })
        .toBe(29);
      expect((await run.finished).status).toBe(1);
      await page.locator('#live .notice').waitFor();
      await keepPicture(page, 'dashboard-ended');
      // What is refused once the run is gone is told by the browser, by nobody else.
      expect(complaints.filter((text) => !text.includes('ERR_CONNECTION_REFUSED'))).toEqual([]);
      expect(requests.filter((url) => !url.startsWith(address))).toEqual([]);
    });
    expect(results(job.bench)).toHaveLength(30);
  });

  test('says what the spend leaves out, also of earlier runs, while the job runs and at its end', async () => {
    const { bench, server, args } = await prepareCliJob(1);
    // Nobody lists a price of that one.
    const model = 'a-model-of-mine';
    const lines = [nativeLine('甲', { model }), nativeLine('乙', { model }), nativeLine('丙')];
    bench.write('a.jsonl', jsonl(lines));
    server.script = ({ id }) => (id === '甲' ? { kind: 'answer' } : BAD_REQUEST);
    expect(await runHere(bench, args)).toMatchObject({ status: 1 });
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    server.script = () => ({ kind: 'answer' });
    server.beforeReply = ({ id }) => (id === '丙' ? released : undefined);
    const run = startCli(bench, ['retry', 'a', ...server.flags, '--dashboard']);
    const address = await run.tells(ADDRESS);
    await browse(address, {}, async ({ page }) => {
      const note = page.locator('#live [data-tile="spent"] small');
      const said = '2 unpriced, not counted: no known price, or no tokens reported';
      await note.filter({ hasText: said }).waitFor();
      const amount = page.locator('#live [data-tile="spent"] strong');
      expect(await amount.textContent()).toBe('no price known');
      expect(await page.locator('#live').getAttribute('data-state')).toBe('running');
      await page.locator('#language').selectOption('zh');
      await note.filter({ hasText: '另有 2 个未计价：价格未知，或未报告用量' }).waitFor();
      await page.locator('#language').selectOption('en');
      release();
      await page.locator('#live[data-state="ended"]').waitFor();
      expect(await note.textContent()).toContain(said);
      expect(await amount.textContent()).toMatch(/^0\.0\d+ CNY$/);
    });
    expect(await run.finished).toMatchObject({ status: 0 });
  });

  test('a page that is closed changes nothing: every line once, the same exit code', async () => {
    const { job, run, release } = await startHeld();
    const address = await run.tells(ADDRESS);
    await run.before(job.server.seen(SETTLED + 1));
    await browse(address, {}, async ({ page }) => {
      await page.locator('#live [data-tile="progress"]').waitFor();
    });
    release();
    const { status, stderr } = await run.finished;
    expect(status).toBe(1);
    expect(stderr).toContain('29 answered, 1 failed');
    expect(new Set(results(job.bench)).size).toBe(30);
    expect([...job.server.counts().values()].every((count) => count === 1)).toBe(true);
  });
});

describe('run --dashboard', () => {
  test('nobody looks: the run ends at once, its address told on stderr alone and kept nowhere', async () => {
    const { job, run, release } = await startHeld(['--json']);
    const address = await run.tells(ADDRESS);
    release();
    const { status, stdout } = await run.finished;
    expect(status).toBe(1);
    const token = address.split('/')[3] ?? '';
    expect(token).toHaveLength(48);
    expect(stdout).not.toContain(token);
    for (const name of job.bench.names()) expect(job.bench.bytes(name).includes(token)).toBe(false);
    await expect(fetch(address)).rejects.toThrow('fetch failed');
  });

  test('stopped with open lines: the last report says open, and that the calls in flight were interrupted', async () => {
    const { job, run } = await startHeld();
    const address = await run.tells(ADDRESS);
    await run.before(job.server.seen(SETTLED + 1));
    // The service may have seen that call before one that it answers, and the run its answers not yet.
    await expect.poll(() => settledAt(address), { timeout: 60_000 }).toBe(SETTLED);
    const heard = followTo(address);
    run.signal('SIGINT');
    await run.says('interrupted');
    // The service never answers what it holds.
    run.signal('SIGINT');
    expect((await run.finished).status).toBe(130);
    const { live, report } = await heard;
    expect(live?.state).toBe('ended');
    expect(report?.jobs).toMatchObject([{ state: 'open', lines: { answered: 19, open: 10 } }]);
    const codes = report?.failures.map(({ code, lines, overcome }) => [code, lines, overcome]);
    expect(codes).toEqual([
      ['InvalidParameter', 1, false],
      ['qbatch_interrupted', 0, false],
    ]);
  });

  test('what asks for the address without knowing it, or from elsewhere, learns nothing', async () => {
    const { run, release } = await startHeld();
    const address = await run.tells(ADDRESS);
    const { origin } = new URL(address);
    const statuses = await Promise.all([
      fetch(`${origin}/`).then(({ status }) => status),
      fetch(`${origin}/live.json`).then(({ status }) => status),
      fetch(`${address}live.json`, { headers: { origin: 'http://evil.example' } }).then(
        ({ status }) => status,
      ),
      fetch(`${address}live.json`, { method: 'POST' }).then(({ status }) => status),
      fetch(`${address}live.json`).then(({ status }) => status),
    ]);
    expect(statuses).toEqual([404, 404, 403, 405, 200]);
    release();
    expect((await run.finished).status).toBe(1);
  });

  test.each(['-q', '--progress=none'])(
    '%s: its address is told all the same, as it is new in every run',
    async (flag) => {
      const { run, release } = await startHeld([flag]);
      const address = await run.tells(ADDRESS);
      release();
      expect((await run.finished).stderr).toContain(`qbatch: dashboard: ${address}\n`);
    },
  );

  test('--progress json: its address is an event, every line of stderr is JSON', async () => {
    const { run, release } = await startHeld(['--progress', 'json']);
    await run.tells(ADDRESS);
    release();
    const { stderr } = await run.finished;
    const events = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; message?: string });
    expect(events[0]?.event).toBe('notice');
    expect(events[0]?.message).toMatch(ADDRESS);
  });
});
