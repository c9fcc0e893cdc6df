/** The file is looked at once a second, at a tick of 250 ms; so long what it said before may be in force. */
const LOOK_MS_MOST = 1_500;
/** A bad file is told at the second look that finds it. */
const BAD_LOOK_MS_MOST = 2 * LOOK_MS_MOST;

/** What a text in the control file asks for: so many calls in flight, the settings' word, or nothing that can be read. */
export type Control = number | 'settings' | 'bad';

/** What a process must have taken over by now, as far as anybody outside can be sure. */
type Due = { readonly what: 'retuned' | 'warned'; readonly concurrency: number; atMs: number };

/**
 * What the control file of a world says, and which numbers of calls in flight may be in force: the last
 * one, and each one before for as long as the program may not have looked.
 */
export class ControlWatch {
  /** Calls that a process began after it must have taken over another number. */
  readonly retuned: number[] = [];
  warned = 0;
  /** How many texts were written: each is longer than the one before, so that no two look the same. */
  texts = 0;
  private file: Control = 'settings';
  private settings = 0;
  private inForce = 0;
  private before: { readonly most: number; untilMs: number }[] = [];
  private due: Due | null = null;
  /** The process has made a call, and so has looked at the file. */
  private hasCalled = false;

  /** A process begins, with that setting; it looks before its first call. */
  begin(settings: number): void {
    this.settings = settings;
    this.inForce = typeof this.file === 'number' ? this.file : settings;
    this.before = [];
    this.due = null;
    this.hasCalled = false;
    this.retuned.length = 0;
    this.warned = 0;
  }

  wrote(control: Control, nowMs: number): void {
    this.file = control;
    this.due = null;
    // What was written before its first look a process begins with, and takes nothing over.
    const sure = this.hasCalled && this.before.every(({ untilMs }) => untilMs <= nowMs);
    if (control === 'bad') {
      // What nobody may have looked at before it went bad may never be taken over.
      for (const one of this.before) if (one.untilMs > nowMs) one.untilMs = Infinity;
      // Nor what the file said before a process's first look: its settings are in force then.
      if (!this.hasCalled) this.before.push({ most: this.settings, untilMs: Infinity });
      this.due = { what: 'warned', concurrency: 0, atMs: nowMs + BAD_LOOK_MS_MOST };
      return;
    }
    for (const one of this.before) one.untilMs = Math.min(one.untilMs, nowMs + LOOK_MS_MOST);
    const next = control === 'settings' ? this.settings : control;
    if (next === this.inForce) return;
    this.before.push({ most: this.inForce, untilMs: nowMs + LOOK_MS_MOST });
    this.inForce = next;
    if (sure) this.due = { what: 'retuned', concurrency: next, atMs: nowMs + LOOK_MS_MOST };
  }

  /** The machine slept: nobody looked meanwhile. */
  slept(ms: number): void {
    for (const one of this.before) one.untilMs += ms;
    if (this.due !== null) this.due.atMs += ms;
  }

  /** A call leaves: how many may be in flight then. */
  mostAt(nowMs: number): number {
    this.hasCalled = true;
    const { due } = this;
    if (due !== null && nowMs > due.atMs) {
      if (due.what === 'retuned') this.retuned.push(due.concurrency);
      else this.warned += 1;
      this.due = null;
    }
    if (this.before.length > 0) this.before = this.before.filter(({ untilMs }) => untilMs >= nowMs);
    return this.before.reduce((most, one) => Math.max(most, one.most), this.inForce);
  }
}
