import type {
  ReportData,
  ReportEstimate,
  ReportFailure,
  ReportJob,
} from '../report/report-data.ts';
import { numberColumn, textColumn } from './columns.ts';
import { h, plain } from './dom.ts';
import type { Format } from './format.ts';
import type { View } from './state.ts';
import { type Column, sortableTable } from './table.ts';
import { word, wordOr } from './words.ts';

/** Failures by code, with the first lines of each. */
export function failuresSection(view: View, data: ReportData): HTMLElement {
  const { format } = view;
  const { language } = format;
  if (data.failures.length === 0) return h('p', {}, word(language, 'noFailures'));
  const severalJobs = data.jobs.length > 1;
  const columns: Column<ReportFailure>[] = [
    codeColumn(format),
    numberColumn(word(language, 'lineCount'), (row) => row.lines, format.whole),
    numberColumn(word(language, 'callCount'), (row) => row.calls, format.whole),
    {
      title: word(language, 'samples'),
      sortBy: (row) => row.samples[0]?.message ?? null,
      show: (row) => samplesOf(row, format, severalJobs),
    },
  ];
  return sortableTable(view, { id: 'failures', columns, rows: data.failures });
}

/** Error codes, including the empty one. */
export function codeColumn(format: Format): Column<{ readonly code: string }> {
  return {
    title: word(format.language, 'code'),
    sortBy: (row) => row.code,
    show: (row) => h('code', {}, plain(row.code) || word(format.language, 'unknown')),
  };
}

function samplesOf(failure: ReportFailure, format: Format, severalJobs: boolean): Node {
  const { language } = format;
  if (failure.samples.length === 0)
    return h('em', {}, word(language, failure.overcome ? 'overcome' : 'noLineEnded'));
  const items = failure.samples.map(({ job, line, customId, model, message }) => {
    const number = word(language, 'line', format.whole(line));
    const about = [number, customId, model, severalJobs ? job : null];
    const shown = about.filter((part) => part !== null).join(' · ');
    return h('li', {}, h('b', {}, plain(shown)), h('br'), plain(message ?? ''));
  });
  return h('ul', { class: 'samples' }, ...items);
}

type Measure = (row: ReportEstimate) => number;

/** Expected, actual, and the error of the former relative to the latter. */
function errorColumns(
  format: Format,
  name: 'input' | 'output' | 'cost',
  estimated: Measure,
  actual: Measure,
): Column<ReportEstimate>[] {
  const { language } = format;
  const show = (value: number | null): string => {
    if (value === null) return '–';
    return name === 'cost' ? format.drawnAmount(value) : format.whole(value);
  };
  const errorOf = (row: ReportEstimate): number | null =>
    actual(row) === 0 ? null : estimated(row) / actual(row) - 1;
  return [
    numberColumn(word(language, `${name}Expected`), estimated, show),
    numberColumn(word(language, `${name}Actual`), actual, show),
    numberColumn(word(language, 'error'), errorOf, (error) =>
      error !== null && error > 0 ? `+${format.percent(error)}` : format.percent(error),
    ),
  ];
}

/** The accuracy of the projection: expected against actual usage of answered lines. */
export function projectionSection(view: View, data: ReportData): HTMLElement | null {
  const { format } = view;
  const { language } = format;
  if (data.estimates.length === 0) return null;
  const modelOf = ({ model, thinking }: ReportEstimate): string => {
    if (model === null) return word(language, 'wholeJob');
    return thinking ? `${model} (${word(language, 'thinking')})` : model;
  };
  const columns: Column<ReportEstimate>[] = [
    ...(data.jobs.length > 1
      ? [textColumn<ReportEstimate>(word(language, 'job'), (row) => row.job)]
      : []),
    textColumn(word(language, 'model'), modelOf),
    numberColumn(word(language, 'lineCount'), (row) => row.lines, format.whole),
    ...errorColumns(
      format,
      'input',
      (row) => row.inputEstimated,
      (row) => row.inputActual,
    ),
    ...errorColumns(
      format,
      'output',
      (row) => row.outputEstimated,
      (row) => row.outputActual,
    ),
    ...errorColumns(
      format,
      'cost',
      (row) => row.costEstimated,
      (row) => row.costActual,
    ),
    textColumn(word(language, 'currency'), (row) => row.currency),
  ];
  return sortableTable(view, { id: 'estimates', columns, rows: data.estimates });
}

/** The jobs of the report. */
export function jobsSection(view: View, data: ReportData): HTMLElement {
  const { format } = view;
  const { language } = format;
  const count = (name: keyof ReportJob['lines']): Column<ReportJob> =>
    numberColumn(wordOr(language, name), ({ lines }) => lines[name], format.whole);
  const simulated = textColumn<ReportJob>(word(language, 'simulatedColumn'), (row) =>
    wordOr(language, String(row.simulated)),
  );
  const columns: Column<ReportJob>[] = [
    textColumn(word(language, 'job'), (row) => row.job),
    textColumn(word(language, 'state'), (row) => wordOr(language, row.state)),
    ...(data.jobs.some(({ simulated }) => simulated) ? [simulated] : []),
    ...(['total', 'answered', 'failed', 'rejected', 'open'] as const).map(count),
    {
      title: word(language, 'updated'),
      sortBy: (row) => row.updatedAt,
      show: (row) => format.moment(row.updatedAt),
    },
    textColumn(word(language, 'ledger'), (row) => row.ledger),
  ];
  return sortableTable(view, { id: 'jobs', columns, rows: data.jobs });
}
