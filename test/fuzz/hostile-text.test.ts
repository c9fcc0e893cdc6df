import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LiveState } from '../../src/dashboard/live-state.ts';
import { jsonText } from '../../src/json/json-text.ts';
import { reportPage } from '../../src/report/report-page.ts';
import { createJsonReporter } from '../../src/reporters/json.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { hostileText, rawIn, withoutColours } from '../helpers/hostile-text.ts';
import { COLOURED, eventsOf, type Next, SURFACES } from './hostile-surfaces.ts';

/*
 * Ids, models, codes, messages, answers, paths and notes that hold whatever a terminal obeys, through all
 * that is printed for people. A failure names its seed and path; HOSTILE_SEED repeats a run.
 */

const CASES = Number(process.env['HOSTILE_CASES'] ?? 2_400);
const SEED = Number(process.env['HOSTILE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const PROPERTIES = Object.keys(SURFACES).length + Object.keys(COLOURED).length + 2;
const EACH = Math.ceil(CASES / PROPERTIES);
const RUNS = { numRuns: EACH, seed: SEED };
const TEST_MS = 60_000 + EACH * 50;

const texts = fc.array(hostileText, { minLength: 3, maxLength: 9 });

/** Gives the texts one after the other, again and again. */
function cycle(from: readonly string[]): Next {
  let at = 0;
  return () => {
    at += 1;
    return from[(at - 1) % from.length] ?? '';
  };
}

test.each(Object.entries(SURFACES))(
  '%s: nothing that a terminal obeys, nothing that turns or hides text, no line of its own',
  async (_name, shownBy) => {
    await fc.assert(
      fc.asyncProperty(texts, async (given) => {
        const shown = await shownBy(cycle(given));
        expect(shown).not.toBe('');
        expect(rawIn(shown)).toBeNull();
      }),
      RUNS,
    );
  },
  TEST_MS,
);

test.each(Object.entries(COLOURED))(
  '%s in colour: the colours are the program’s own',
  (_name, shownBy) => {
    fc.assert(
      fc.property(texts, (given) => {
        const coloured = shownBy(cycle(given), true);
        expect(coloured).toContain('\u001b[');
        expect(withoutColours(coloured)).toBe(shownBy(cycle(given), false));
      }),
      RUNS,
    );
  },
  TEST_MS,
);

/** What JSON for programs holds escaped (docs/reports.md): controls, line separators, marks that turn text. */
const RAW_JSON = /[^\P{Cc}\n]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\p{Cs}]/u;

test(
  'events as JSON and the live view: one line each, marks and controls escaped',
  () => {
    fc.assert(
      fc.property(texts, (given) => {
        const told: string[] = [];
        const live = new LiveState(given[0] ?? '');
        const reporter = createJsonReporter({
          write: (text) => told.push(text),
          clock: createFakeClock(),
        });
        for (const event of eventsOf(cycle(given))) {
          reporter.report(event);
          live.add(event);
        }
        told.push(`${jsonText(live.snapshot())}\n`);
        expect(told.length).toBeGreaterThan(9);
        for (const line of told) {
          expect(line.match(/\n/g)).toHaveLength(1);
          expect(line).not.toMatch(RAW_JSON);
          JSON.parse(line);
        }
      }),
      RUNS,
    );
  },
  TEST_MS,
);

test(
  'the html page: no tag of its own, marks and controls escaped',
  () => {
    const assets = { script: '1', style: 'a{}' };
    const pageOf = (job: string): string =>
      reportPage(assets, { kind: 'live', live: new LiveState(job).snapshot() });
    const tags = pageOf('x').split('<').length;
    fc.assert(
      fc.property(texts, (given) => {
        const page = pageOf(`${given.join('')}</script><script>alert(1)</script><!--`);
        expect(page.split('<')).toHaveLength(tags);
        expect(page).not.toMatch(RAW_JSON);
      }),
      RUNS,
    );
  },
  TEST_MS,
);

test('what was tried', () => {
  process.stdout.write(
    `hostile text: ${EACH * PROPERTIES} cases, ${EACH} of each of ${PROPERTIES} outputs (seed ${SEED})\n`,
  );
  expect(EACH * PROPERTIES).toBeGreaterThanOrEqual(CASES);
});
