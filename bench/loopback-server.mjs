// A service that answers at once: every POST gets the same chat completion of about 1 KiB, in the
// shape of the OpenAI-compatible protocol. Prints its port. `GET /seen` tells how many calls came
// and when (milliseconds since 1970) the first came and the last was answered; `GET /reset` forgets.
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

let seen = { calls: 0, firstAtMs: null, lastAtMs: null };
const nowMs = () => performance.timeOrigin + performance.now();

function control(request, response) {
  if (request.url === '/reset') seen = { calls: 0, firstAtMs: null, lastAtMs: null };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(seen));
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (request.method === 'GET') {
    control(request, response);
    return;
  }
  seen.firstAtMs ??= nowMs();
  request.resume();
  request.once('end', () => {
    response.writeHead(200, HEADERS);
    response.end(REPLY);
    seen.calls += 1;
    seen.lastAtMs = nowMs();
  });
});
server.listen(0, '127.0.0.1', 1024, () => {
  process.stdout.write(`${server.address().port}\n`);
});
