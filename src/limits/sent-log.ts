/** Calls that were sent: `calls` were not refused, as far as is known. */
export type Sent = { readonly calls: number; readonly refused: number };

/** What was sent of late. Times are monotonic milliseconds. */
export type SentLog = {
  /** The last so many calls that started no later than `untilMs` and not before `sinceMs`. */
  last(count: number, untilMs: number, sinceMs: number): Sent;
  between(fromMs: number, toMs: number): Sent;
};

export function countOf({ calls, refused }: Sent): number {
  return calls + refused;
}

/** The share that was refused; 0 of nothing. */
export function shareOf(sent: Sent): number {
  return sent.refused / Math.max(1, countOf(sent));
}
