import { MultiBar } from 'cli-progress';
import {
  noticeText,
  parkedText,
  sampleText,
  slowedText,
  startText,
  stoppingText,
} from './event-text.ts';
import { progressLines } from './progress-lines.ts';
import type { Progress, Reporter, RunEvent } from './reporter.ts';
import { stateText } from './state-text.ts';
import { paint } from './style.ts';
import type { Style } from './style.ts';
import { wrapToWidth } from './text-width.ts';

const COLUMNS_DEFAULT = 80;
const REDRAWS_PER_SECOND = 4;
/**
 * Minimum interval between reports of one model's slowdowns (by the run's elapsed time); those under a second are not
 * reported.
 */
const SLOWED_EVERY_MS = 60_000;
const SLOWED_WAIT_MS_MIN = 1_000;
/** The bar library disables line wrapping and would leave it so if the process were killed; our lines fit anyway. */
const WRAPPING_ON = '\u001B[?7h';
/** Clears what an old bar left to the right of a printed line. */
const CLEAR_TO_RIGHT = '\u001B[K';

function columnsOf(stream: NodeJS.WriteStream): number {
  const columns = stream.columns as number | undefined;
  return columns === undefined || columns <= 0 ? COLUMNS_DEFAULT : columns;
}

function isTimer(value: unknown): value is NodeJS.Timeout {
  return typeof value === 'object' && value !== null && 'unref' in value;
}

/** The library's redraw timer must not keep the process alive; it is re-armed at every update. */
function unrefTimer(bars: MultiBar): void {
  const timer: unknown = Reflect.get(bars, 'timer');
  if (isTimer(timer)) {
    timer.unref();
  }
}

/** Two status lines drawn by cli-progress, which print the result of `lines` at each redraw. */
function createBars(stream: NodeJS.WriteStream, lines: () => readonly [string, string]): MultiBar {
  const bars = new MultiBar({
    stream,
    format: '',
    fps: REDRAWS_PER_SECOND,
    noTTYOutput: false,
    // Its signal handlers would keep the process alive; the run handles signals.
    gracefulExit: false,
    clearOnComplete: true,
    // A hidden cursor would stay hidden after a kill.
    hideCursor: false,
    // Otherwise a bar just overwritten by a log line reappears only once it changes.
    forceRedraw: true,
    emptyOnZero: false,
  });
  bars.create(1, 0, {}, { format: () => lines()[0] });
  bars.create(1, 0, {}, { format: () => lines()[1] });
  stream.write(WRAPPING_ON);
  bars.on('update-post', () => {
    unrefTimer(bars);
  });
  bars.update();
  return bars;
}

/** Whether a slowdown is worth a line: long enough, and the model's first in a while. Remembers those it let through. */
function createSlowedFilter(): (model: string, waitMs: number, elapsedMs: number) => boolean {
  const toldAtMs = new Map<string, number>();
  return (model, waitMs, elapsedMs) => {
    const last = toldAtMs.get(model);
    const soon = last !== undefined && elapsedMs - last < SLOWED_EVERY_MS;
    if (waitMs < SLOWED_WAIT_MS_MIN || soon) {
      return false;
    }
    toldAtMs.set(model, elapsedMs);
    return true;
  };
}

/** The bottom of the terminal and what is printed above it. */
type Screen = {
  readonly print: (text: string, style: Style) => void;
  readonly show: (progress: Progress) => void;
  /** Removes the status lines until the next `show`: a question may follow. */
  readonly clear: () => void;
  readonly close: () => void;
};

function createScreen(stream: NodeJS.WriteStream, color: boolean): Screen {
  let latest: Progress | undefined;
  let bars: MultiBar | undefined;
  let ended = false;

  const clear = (): void => {
    const open = bars;
    bars = undefined;
    open?.update();
    open?.stop();
  };

  return {
    print(text, style) {
      for (const line of wrapToWidth(text, columnsOf(stream))) {
        const painted = paint(color, style, line);
        if (bars === undefined) {
          stream.write(`${painted}\n`);
        } else {
          bars.log(`${painted}${CLEAR_TO_RIGHT}\n`);
        }
      }
      // At once: lines still in the library's buffer when the bars stop would be lost.
      bars?.update();
    },
    show(progress) {
      latest = progress;
      if (bars !== undefined || ended || !stream.isTTY) {
        return;
      }
      bars = createBars(stream, () =>
        // One column is left free: a character in the last one makes some terminals wrap.
        progressLines(latest ?? progress, { columns: columnsOf(stream) - 1, color }),
      );
    },
    clear,
    close() {
      ended = true;
      clear();
    },
  };
}

/**
 * Live display for a terminal: two status lines at the bottom, and above them a line for each noteworthy event (start,
 * slowed and parked models, stopping). `stream` must be a terminal; otherwise only those lines are written. `close` (also
 * done at `job-end`) removes the status lines so that the summary takes their place; may be called twice.
 */
export function createTtyReporter(options: {
  readonly stream: NodeJS.WriteStream;
  readonly color: boolean;
}): Reporter {
  const screen = createScreen(options.stream, options.color);
  const worthTelling = createSlowedFilter();
  let elapsedMs = 0;

  const report = (event: RunEvent): void => {
    switch (event.event) {
      case 'job-start':
        screen.print(startText(event), 'bold');
        break;
      case 'progress':
        elapsedMs = event.elapsedMs;
        screen.show(event);
        break;
      case 'sample-end':
        screen.clear();
        screen.print(sampleText(event), 'bold');
        break;
      case 'model-slowed':
        if (worthTelling(event.model, event.waitMs, elapsedMs)) {
          screen.print(slowedText(event), 'yellow');
        }
        break;
      case 'model-parked':
        screen.print(parkedText(event), 'red');
        break;
      case 'stopping':
        screen.print(stoppingText(event), 'yellow');
        break;
      case 'notice':
        screen.print(noticeText(event), event.severity === 'warning' ? 'yellow' : 'dim');
        break;
      case 'dispatch-state':
        for (const line of stateText(event).trimEnd().split('\n')) screen.print(line, 'cyan');
        break;
      case 'job-end':
        screen.close();
        break;
      case 'line-settled':
      case 'attempt-ended':
        break;
    }
  };

  return { report, close: screen.close };
}
