import { Writable } from 'node:stream';

/** A terminal stream that keeps what was written and works out what a person would see. */
export type FakeTerminal = {
  readonly stream: NodeJS.WriteStream;
  readonly written: () => string;
  readonly rows: () => string[];
  readonly cursorHidden: () => boolean;
  readonly wraps: () => boolean;
};

const TOKEN = /\p{Cc}\[(\?)?(\d*)([A-Za-z])|[\s\S]/gu;

type Screen = { rows: string[]; row: number; column: number; hidden: boolean; wraps: boolean };

function put(screen: Screen, character: string, columns: number): void {
  if (screen.column >= columns) {
    if (!screen.wraps) {
      return;
    }
    screen.row += 1;
    screen.column = 0;
  }
  const row = (screen.rows[screen.row] ?? '').padEnd(screen.column);
  screen.rows[screen.row] = row.slice(0, screen.column) + character + row.slice(screen.column + 1);
  screen.column += 1;
}

function control(screen: Screen, letter: string, count: number | undefined): void {
  const row = screen.rows[screen.row] ?? '';
  if (letter === 'A') {
    screen.row = Math.max(0, screen.row - (count ?? 1));
  } else if (letter === 'G') {
    screen.column = (count ?? 1) - 1;
  } else if (letter === 'K') {
    screen.rows[screen.row] = count === 2 ? '' : row.slice(0, screen.column);
  } else if (letter === 'J') {
    screen.rows[screen.row] = row.slice(0, screen.column);
    screen.rows.length = screen.row + 1;
  } else if (letter !== 'm') {
    throw new Error(`the fake terminal does not know CSI ${letter}`);
  }
}

function play(text: string, columns: number): Screen {
  const screen: Screen = { rows: [''], row: 0, column: 0, hidden: false, wraps: true };
  for (const [token, isPrivate, digits, letter] of text.matchAll(TOKEN)) {
    if (isPrivate !== undefined) {
      if (digits === '7') {
        screen.wraps = letter === 'h';
      } else if (digits === '25') {
        screen.hidden = letter === 'l';
      }
    } else if (letter !== undefined) {
      control(screen, letter, digits === '' || digits === undefined ? undefined : Number(digits));
    } else if (token === '\n') {
      screen.row += 1;
      screen.column = 0;
      screen.rows[screen.row] ??= '';
    } else {
      put(screen, token, columns);
    }
  }
  return screen;
}

/** Creates one; `isTty` false makes it a pipe. */
export function fakeTerminal(options: { columns: number; isTty?: boolean }): FakeTerminal {
  let text = '';
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: unknown, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  const { columns, isTty = true } = options;
  Object.assign(stream, { isTTY: isTty ? true : undefined, columns, getColorDepth: () => 8 });
  const screen = (): Screen => play(text, columns);
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    written: () => text,
    rows: () => screen().rows.map((row) => row.trimEnd()),
    cursorHidden: () => screen().hidden,
    wraps: () => screen().wraps,
  };
}
