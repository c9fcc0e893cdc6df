import type { ServerResponse } from 'node:http';
import { pause } from '../clock.ts';
import type { Clock } from '../clock.ts';

/** The reply to send, fully encoded. */
export type Reply =
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset'; readonly latencyMs: number }
  | {
      readonly kind: 'send';
      readonly latencyMs: number;
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      /** The whole body, or the frames of a stream in order. */
      readonly body: string | readonly string[];
      /** `cut`: half of the body, then the connection is closed; `stall`: half, then silence. */
      readonly ending: 'whole' | 'cut' | 'stall';
      /** Between the frames of a stream. */
      readonly paceMs: number;
      /** True for an answer that the caller should accept as one. */
      readonly isAnswer: boolean;
    };

type Sending = Extract<Reply, { readonly kind: 'send' }>;

function sendBody(
  response: ServerResponse,
  { status, headers, ending }: Sending,
  body: string,
): void {
  // Always the length of the complete body, so that a client can detect truncation.
  response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(body)) });
  if (ending === 'whole') {
    // As a string, not bytes: Node then sends head and body in one write.
    response.end(body);
    return;
  }
  const bytes = Buffer.from(body);
  response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => {
    if (ending === 'cut') response.destroy();
  });
}

async function sendFrames(
  response: ServerResponse,
  { status, headers, ending, paceMs }: Sending,
  frames: readonly string[],
  clock: Clock,
): Promise<boolean> {
  response.writeHead(status, headers);
  // A cut stream ends cleanly but lacks its final frame, as the service's own cut streams do.
  const sent = ending === 'whole' ? frames : frames.slice(0, Math.ceil(frames.length / 2));
  if (paceMs > 0) {
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort();
    });
    for (const frame of sent) {
      if (gone.signal.aborted) return false;
      response.write(frame);
      await pause(clock, paceMs, gone.signal);
    }
  } else {
    response.write(sent.join(''));
  }
  // Checked before the end: a finished response counts as destroyed.
  const isOpen = !response.destroyed;
  if (ending !== 'stall') response.end();
  return isOpen;
}

async function send(
  response: ServerResponse,
  reply: Exclude<Reply, { kind: 'hang' }>,
  clock: Clock,
): Promise<boolean> {
  if (response.destroyed) return false;
  if (reply.kind === 'reset') {
    response.socket?.resetAndDestroy();
    return false;
  }
  const { body, isAnswer } = reply;
  if (typeof body !== 'string') return (await sendFrames(response, reply, body, clock)) && isAnswer;
  sendBody(response, reply, body);
  return isAnswer;
}

/**
 * Sends a reply. Resolves to true once a complete answer was passed to an open connection. A latency of 0 sets no timer; if
 * the caller disconnects, every wait ends.
 */
export async function deliver(
  response: ServerResponse,
  reply: Reply,
  clock: Clock,
): Promise<boolean> {
  if (reply.kind === 'hang' || response.destroyed) return false;
  if (reply.latencyMs > 0) {
    const gone = new AbortController();
    const leave = (): void => {
      gone.abort();
    };
    response.once('close', leave);
    await pause(clock, reply.latencyMs, gone.signal);
    response.off('close', leave);
  }
  return send(response, reply, clock);
}
