import type { CallResult } from '../call.ts';
import type { PlannedLine } from '../plan.ts';
import type { Decoded, Protocol, ProtocolName } from '../protocols/protocol.ts';

/** Decodes the result of a call into an answer or a failure, by the call's protocol. Pure. */
export function decodeResult(
  result: CallResult,
  line: PlannedLine,
  at: {
    readonly protocols: Readonly<Record<ProtocolName, Protocol>>;
    redact(text: string): string;
  },
): Decoded {
  if (result.kind === 'failed') return { kind: 'failure', failure: result.failure };
  if (result.kind === 'stream') return result.fold.end();
  const { redact } = at;
  const { statusCode, headers, body } = result.reply;
  return at.protocols[line.call.protocol].decode({ statusCode, headers, body, redact }, line);
}
