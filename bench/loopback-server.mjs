// A service that answers every POST with the same chat completion of about 1 KiB, in the shape of the
// OpenAI-compatible protocol: at once, after LATENCY_MS, or (HOLD_CALLS, HOLD_MS) none before so many calls
// are open and that time has passed since. Prints its port. `GET /seen` tells how many calls came, how many
// were open at once, and when (milliseconds since 1970) the first came and the last was answered;
// `GET /reset` forgets.
// node loopback-server.mjs [LATENCY_MS] [HOLD_CALLS HOLD_MS]
import { createServer } from 'node:http';

const REPLY = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-5f7b1c9e-2f8d-9e6a-b1f0-6f2d3a7c8e90',
    object: 'chat.completion',
    created: 1767225600,
    model: 'qwen-plus',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: '物流与包装获得好评,说明书语言不足。'.repeat(12) },
        finish_reason: 'stop',
        logprobs: null,
      },
    ],
    usage: { prompt_tokens: 212, completion_tokens: 96, total_tokens: 308 },
    system_fingerprint: null,
  }),
);
const HEADERS = {
  'content-type': 'application/json',
  'content-length': REPLY.length,
  'x-request-id': '5f7b1c9e-2f8d-9e6a-b1f0-6f2d3a7c8e90',
};

const [latencyMs = 0, holdCalls = 0, holdMs = 0] = process.argv.slice(2).map(Number);
const nothingSeen = () => ({ calls: 0, openMost: 0, firstAtMs: null, lastAtMs: null });
let seen = nothingSeen();
let open = 0;
/** Answers that wait for the call that completes the number, and then for the time. */
let held = [];
const nowMs = () => performance.timeOrigin + performance.now();

function control(request, response) {
  if (request.url === '/reset') seen = nothingSeen();
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(seen));
}

function release() {
  const answers = held;
  held = [];
  for (const answer of answers) answer();
}

function whenDue(answer) {
  if (held.push(answer) < holdCalls) return;
  setTimeout(release, holdMs);
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (request.method === 'GET') {
    control(request, response);
    return;
  }
  seen.firstAtMs ??= nowMs();
  open += 1;
  seen.openMost = Math.max(seen.openMost, open);
  const answer = () => {
    response.writeHead(200, HEADERS);
    response.end(REPLY);
    open -= 1;
    seen.calls += 1;
    seen.lastAtMs = nowMs();
  };
  request.resume();
  request.once('end', () => {
    if (holdCalls > 0) whenDue(answer);
    else if (latencyMs > 0) setTimeout(answer, latencyMs);
    else answer();
  });
});
server.listen(0, '127.0.0.1', 16_384, () => {
  process.stdout.write(`${server.address().port}\n`);
});
