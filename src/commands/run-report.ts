import type { RunResult } from '../job/run-job.ts';
import { filesWait } from '../ledger/jobs.ts';
import { jsonText } from '../json/json-text.ts';
import { createJsonReporter } from '../reporters/json.ts';
import { createLinesReporter } from '../reporters/lines.ts';
import { createNoneReporter } from '../reporters/none.ts';
import { type ProgressMode, progressMode } from '../reporters/progress-mode.ts';
import { createQuietReporter } from '../reporters/quiet.ts';
import type { Reporter } from '../reporters/reporter.ts';
import { wantsColor } from '../reporters/style.ts';
import { summaryText } from '../reporters/summary.ts';
import type { GivenFlags } from '../command-line/parsed-command.ts';
import type { Settings } from '../settings.ts';
import type { CommandIo } from './io.ts';
import { flagsOfNext, nextCommand, rejectedHint } from './next-command.ts';

/** How this run shows its progress: as set, else by its terminal. */
export function progressModeOf(settings: Settings, io: CommandIo): ProgressMode {
  return progressMode({
    asked: settings.progress,
    quiet: settings.quiet,
    isTty: io.isTty.stderr,
    ci: (io.env['CI'] ?? '') !== '',
    terminalName: io.env['TERM'],
  });
}

/** The reporter of a progress mode; the terminal one is loaded on demand. */
export async function openReporter(
  mode: ProgressMode,
  settings: Settings,
  io: CommandIo,
): Promise<Reporter> {
  const write = (text: string): void => {
    io.writeErr(text);
  };
  switch (mode) {
    case 'tty': {
      const { createTtyReporter } = await import('../reporters/tty.ts');
      return createTtyReporter({ stream: io.stderr, color: wantsColor(settings.color, io.stderr) });
    }
    case 'lines':
      return createLinesReporter({ write, clock: io.clock });
    case 'json':
      return createJsonReporter({ write, clock: io.clock });
    case 'quiet':
      return createQuietReporter({ write });
    case 'none':
      return createNoneReporter({ write });
  }
}

/** Reports the end of a run: `job-end` to the reporter, the summary to people, `--json` to programs. */
export async function tell(
  result: RunResult,
  at: {
    settings: Settings;
    flags: GivenFlags;
    input: string;
    reporter: Reporter;
    mode: ProgressMode;
  },
  io: CommandIo,
): Promise<void> {
  const { settings, flags, input, reporter, mode } = at;
  const { summary, failures, exitCode, job } = result;
  const nextFlags = flagsOfNext(flags, job.runFlags);
  const event = {
    event: 'job-end' as const,
    summary,
    failures,
    exitCode,
    next: nextCommand(summary, job.state, nextFlags),
    mend: rejectedHint(summary, job, nextFlags),
    filesWait: filesWait(job),
  };
  if (summary.lines.total === 0) {
    const message = `${input} has no lines; nothing to do`;
    reporter.report({ event: 'notice', severity: 'warning', message });
  }
  reporter.report(event);
  reporter.close();
  if (mode === 'tty' || mode === 'lines' || (mode === 'quiet' && exitCode !== 0)) {
    const width = io.stderr.columns ?? 100;
    io.writeErr(summaryText(event, { color: wantsColor(settings.color, io.stderr), width }));
  }
  if (settings.json) await io.writeOut(`${jsonText(summary)}\n`);
}
