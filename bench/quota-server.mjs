// The laboratory's service on a socket, in real time: the same quotas, latencies and tokens for each
// call. Calls name themselves by their number in the text ("call 17:"). Its clock begins with the first
// call. Prints its port; `GET /figures` tells what the laboratory's figures are of what it saw.
// node bench/quota-server.mjs NAME SEED
import { createServer } from 'node:http';
import { loadSource } from '../scripts/load-source.mjs';

const [, , name, seedText] = process.argv;
const seed = Number(seedText);
const { REAL_TIME_SCENARIOS, Service, callsOf, figuresFrom } = await loadSource([
  '../bench/laboratory/index.ts',
]);
const scenario = REAL_TIME_SCENARIOS.find((one) => one.name === name);
if (scenario === undefined) throw new Error(`no scenario ${name}`);
const calls = callsOf(scenario, seed * 1000);

const ERRORS = {
  throttle_rate: ['limit_requests', 'You exceeded your current requests list.'],
  throttle_tokens: [
    'insufficient_quota',
    'You exceeded your current quota, please check your plan.',
  ],
  throttle_burst: ['limit_burst_rate', 'Request rate increased too quickly.'],
};

let service = null;
function serviceNow() {
  if (service !== null) return service;
  const begunMs = performance.now();
  service = new Service(scenario, seed, {
    monotonicMs: () => performance.now() - begunMs,
    wallMs: () => performance.now() - begunMs,
    random: Math.random,
    after(ms, run) {
      const timer = setTimeout(() => run(), ms);
      return () => clearTimeout(timer);
    },
  });
  return service;
}

function answerBody({ inputTokens, outputTokens }) {
  return {
    id: 'chatcmpl-quota',
    object: 'chat.completion',
    created: 1767225600,
    model: scenario.workloads[0].model,
    choices: [{ index: 0, message: { role: 'assistant', content: '好。' }, finish_reason: 'stop' }],
    usage: {
      prompt_tokens: inputTokens,
      completion_tokens: outputTokens,
      total_tokens: inputTokens + outputTokens,
    },
  };
}

function send(response, status, body) {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': bytes.length,
  });
  response.end(bytes);
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (request.method === 'GET') {
    send(response, 200, service === null ? null : figuresFrom(scenario, service, [calls]));
    return;
  }
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.once('end', () => {
    const number = Number(/call (\d+):/.exec(Buffer.concat(chunks).toString('utf8'))?.[1]);
    const call = calls[number];
    if (call === undefined) throw new Error(`no call ${number}`);
    serviceNow().send(call, (reply) => {
      if (reply.kind === 'answer') return send(response, 200, answerBody(call));
      const [code, message] = ERRORS[reply.why];
      return send(response, 429, { error: { code, type: code, param: null, message } });
    });
  });
});
server.listen(0, '127.0.0.1', 4096, () => {
  process.stdout.write(`${server.address().port}\n`);
});
