import { openBench } from '../helpers/bench.ts';
import { startCli } from '../helpers/spawn-cli.ts';

/** The account of a server that has ended, as `qbatch simulate` prints it. */
export type Account = {
  readonly calls: number;
  readonly answered: number;
  readonly billed: { readonly input: number; readonly output: number };
  /** How often each error or fault was given. */
  readonly faults: Readonly<Record<string, number>>;
};

/** A `qbatch simulate` of the built program. */
export type SimulateServer = {
  /** Base URL of the OpenAI-compatible protocol. */
  readonly compatibleBaseUrl: string;
  /** Ends the server as Ctrl-C does and reads what it saw. Must be called. */
  end(): Promise<Account>;
};

const whole = (text: string | undefined): number => Number((text ?? '').replaceAll(',', ''));

function readAccount(stdout: string): Account {
  const [, calls, answered] = /^([\d,]+) calls?, ([\d,]+) answered/m.exec(stdout) ?? [];
  const [, input, output] = /billed: ([\d,]+) tokens in, ([\d,]+) out/.exec(stdout) ?? [];
  if (calls === undefined || input === undefined) throw new Error(`no account in: ${stdout}`);
  const faults = [...stdout.matchAll(/^([\d,]+) x (.+)$/gm)];
  return {
    calls: whole(calls),
    answered: whole(answered),
    billed: { input: whole(input), output: whole(output) },
    faults: Object.fromEntries(faults.map(([, count, code = '']) => [code, whole(count)])),
  };
}

/** Starts the built program's `qbatch simulate` on a free port, without latency. */
export async function startSimulateServer(): Promise<SimulateServer> {
  const program = startCli(openBench(), ['simulate', 'latency=0ms', '--port', '0']);
  const compatibleBaseUrl = await program.prints(/http:\/\/[\d.:]+\/compatible-mode\/v1/);
  return {
    compatibleBaseUrl,
    async end() {
      program.signal('SIGINT');
      const { status, stdout, stderr } = await program.finished;
      if (status !== 0) throw new Error(`qbatch simulate ended with ${String(status)}: ${stderr}`);
      return readAccount(stdout);
    },
  };
}
