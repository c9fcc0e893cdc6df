import { accessSync, constants, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, inject } from 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    mustHaveBrowser: boolean;
  }
}

/** Nothing but the page: no updates, no accounts, no services of the maker's. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function findBrowser(): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
      const file = join(folder, name);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        continue;
      }
    }
  }
  return null;
}

const executablePath = findBrowser();

/** False where there is no browser and nobody said that there must be one (`CI=true`): tests of pages are skipped then. */
export const canBrowse: boolean = executablePath !== null || inject('mustHaveBrowser');
if (!canBrowse)
  process.stderr.write(
    'no chromium: the tests of the pages are skipped; apt-get install chromium\n',
  );

/** A page in a real browser, and what it did. */
export type Browsed = {
  readonly page: Page;
  /** Errors and warnings of its console, and exceptions. */
  readonly complaints: string[];
  /** Every address that it asked for. */
  readonly requests: string[];
};

type Options = {
  readonly colorScheme?: 'light' | 'dark';
  readonly locale?: 'en-US' | 'zh-CN';
  readonly width?: number;
};

// One of a file's tests starts it, the others share it: to start and end takes most of the time of a test.
let browser: Promise<Browser> | null = null;

afterAll(async () => {
  await (await browser)?.close();
});

function startBrowser(): Promise<Browser> {
  if (executablePath === null) throw new Error('no chromium in PATH: apt-get install chromium');
  return chromium.launch({ executablePath, headless: true, args: ARGUMENTS });
}

/** Opens an address in a profile of its own, which is empty, hands the page to `use`, and closes the profile. */
export async function browse<Result>(
  address: string,
  options: Options,
  use: (browsed: Browsed) => Promise<Result>,
): Promise<Result> {
  browser ??= startBrowser();
  const context = await (
    await browser
  ).newContext({
    viewport: { width: options.width ?? 1280, height: 900 },
    colorScheme: options.colorScheme ?? 'light',
    locale: options.locale ?? 'en-US',
  });
  try {
    const page = await context.newPage();
    const browsed: Browsed = { page, complaints: [], requests: [] };
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) browsed.complaints.push(message.text());
    });
    page.on('pageerror', (error) => browsed.complaints.push(error.message));
    page.on('dialog', (dialog) => {
      browsed.complaints.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    context.on('request', (request) => browsed.requests.push(request.url()));
    await page.goto(address);
    return await use(browsed);
  } finally {
    await context.close();
  }
}

/** Keeps a picture of the whole page for whoever looks at the results; outside of the repository. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env['QBATCH_ARTIFACTS'] ?? join(tmpdir(), 'qbatch-artifacts');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** The rows of a table's body as they are read. */
export function tableRows(page: Page, id: string): Promise<string[][]> {
  return page
    .locator(`table[id="${id}"] > tbody > tr`)
    .evaluateAll((rows) =>
      rows.map((row) => [...row.children].map((cell) => cell.textContent ?? '')),
    );
}

/** The values of a chart, series by series, as they were drawn. */
export async function drawnValues(page: Page, id: string): Promise<Record<string, number[]>> {
  return page.locator(`table[id="${id}-table"]`).evaluate((table) => {
    const names = [...table.querySelectorAll('thead th')]
      .slice(1)
      .map((head) => head.textContent ?? '');
    const rows = [...table.querySelectorAll('tbody tr')];
    return Object.fromEntries(
      names.map((name, at) => [
        name,
        rows.map((row) => Number(row.children[at + 1]?.querySelector('data')?.value)),
      ]),
    );
  });
}

/** How many pixels of each chart are painted in a colour, not in a grey. */
export function colouredPixels(page: Page): Promise<Record<string, number>> {
  return page.locator('figure').evaluateAll((figures) =>
    Object.fromEntries(
      figures.map((figure) => {
        const canvas = figure.querySelector('canvas');
        const pixels = canvas
          ?.getContext('2d')
          ?.getImageData(0, 0, canvas.width, canvas.height).data;
        let coloured = 0;
        for (let at = 0; at < (pixels?.length ?? 0); at += 4) {
          const [red = 0, green = 0, blue = 0, alpha = 0] = pixels?.slice(at, at + 4) ?? [];
          const spread = Math.max(red, green, blue) - Math.min(red, green, blue);
          if (alpha === 255 && spread > 60) coloured += 1;
        }
        return [figure.id, coloured];
      }),
    ),
  );
}
