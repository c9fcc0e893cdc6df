// Quota use in real time: the built program, and a plain script, against the laboratory's service on a
// loopback socket in a process of its own, beside what the laboratory says of the same scenario and seed.
// Three to five minutes for each run.
// node bench/quota.mjs [words of scenario names ...] [--seed 1] [--clients known,unknown,plain-16,plain-256] [--at-once]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadSource } from '../scripts/load-source.mjs';
import { CLI, report, runNode, stateFlags, withFolder } from './measure.mjs';

const SERVER = fileURLToPath(new URL('quota-server.mjs', import.meta.url));
const PLAIN = fileURLToPath(new URL('plain-script.mjs', import.meta.url));
const CLIENTS = ['known', 'unknown', 'plain-16', 'plain-256'];

const { values, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    clients: { type: 'string', default: CLIENTS.join(',') },
    'at-once': { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const clients = values.clients.split(',');
const stranger = clients.find((client) => !CLIENTS.includes(client));
if (stranger !== undefined) throw new Error(`no client ${stranger}: ${CLIENTS.join(', ')}`);

const { REAL_TIME_SCENARIOS, callsOf, measure, qbatch, scriptClient } = await loadSource([
  '../bench/laboratory/index.ts',
]);

/** The scenario's lines; each text is about as long as the call's input tokens. */
async function writeCalls(path, scenario) {
  const file = createWriteStream(path);
  for (const [number, call] of callsOf(scenario, seed * 1000).entries()) {
    // " resources" is one token and a little by the program's estimate.
    const content = `call ${number}:${' resources'.repeat(Math.max(0, Math.round(call.inputTokens * 0.8 - 12)))}`;
    const body = { model: call.workload.model, messages: [{ role: 'user', content }] };
    const line = { custom_id: `call-${number}`, method: 'POST', url: '/v1/chat/completions', body };
    if (!file.write(`${JSON.stringify(line)}\n`)) await once(file, 'drain');
  }
  file.end();
  await finished(file);
}

async function startQuotaServer(scenario) {
  const child = spawn(process.execPath, [SERVER, scenario.name, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = await once(child.stdout.setEncoding('utf8'), 'data');
  const base = `http://127.0.0.1:${Number(port)}`;
  return {
    base,
    figures: async () => (await fetch(`${base}/figures`)).json(),
    stop: () => child.kill(),
  };
}

function programArgs(folder, { base, input, scenario, know }) {
  const [{ quota }] = scenario.workloads;
  const limits = know === 'known' ? ['--rpm', String(quota.rpm), '--tpm', String(quota.tpm)] : [];
  return [
    ...[CLI, 'run', input, ...stateFlags(folder), ...limits],
    ...['--base-url', `${base}/api/v1`, '--compatible-base-url', `${base}/v1`],
    ...['--progress', 'none', '--json', '-y'],
  ];
}

async function realTime(scenario, client) {
  return withFolder(async (folder) => {
    const server = await startQuotaServer(scenario);
    try {
      const input = join(folder, 'calls.jsonl');
      await writeCalls(input, scenario);
      const state = join(folder, 'state');
      await mkdir(state);
      const [kind, concurrency] = client.split('-');
      const args =
        kind === 'plain'
          ? [PLAIN, input, server.base, join(state, 'results.jsonl'), concurrency]
          : programArgs(state, { base: server.base, input, scenario, know: client });
      await runNode(args, { cwd: folder });
      return await server.figures();
    } finally {
      server.stop();
    }
  });
}

function inLaboratory(scenario, client) {
  const [kind, concurrency] = client.split('-');
  return measure(
    scenario,
    seed,
    kind === 'plain' ? scriptClient(Number(concurrency)) : qbatch(scenario, client),
  );
}

async function compare(scenario, client) {
  const laboratory = await inLaboratory(scenario, client);
  const real = await realTime(scenario, client);
  report({
    name: 'quota',
    command: `${client}: ${scenario.name}, seed ${seed}, ${real.sent} calls sent`,
    rounds: 1,
    real_time: real,
    laboratory,
    use_points_apart: Math.abs(real.usePercent - laboratory.usePercent),
    refused_points_apart: Math.abs(real.refusedPercent - laboratory.refusedPercent),
  });
}

for (const scenario of REAL_TIME_SCENARIOS) {
  if (words.length > 0 && !words.some((word) => scenario.name.includes(word))) continue;
  const one = (client) => compare(scenario, client);
  // Runs at once share the machine, which the calls of one hardly load.
  if (values['at-once']) await Promise.all(clients.map(one));
  else for (const client of clients) await one(client);
}
