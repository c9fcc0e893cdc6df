import { ConfigError, UsageError } from '../errors.ts';
import type { Job } from '../ledger/records.ts';
import type { SimulatorSpec } from '../settings.ts';
import {
  DEFAULT_SIMULATOR_SPEC,
  parseSimulatorSpec,
  simulatorSpecText,
} from '../simulator/spec.ts';
import type { RunSetup } from './run-setup.ts';

/** What the simulator is to be when a job goes on, undefined: not simulated; and what of it is to be told. */
type GoingOn = { readonly simulate: SimulatorSpec | undefined; readonly notes: readonly string[] };

/**
 * What the simulator is asked to be by `resume` and `retry`: what this command line says; else, of a job that ran on it,
 * what it was in the last run, in a retry without its `errors`. A new simulator begins with the same faults again: lines
 * that they made fail for good would fail for good each time. Throws 78 where what the ledger holds cannot be read.
 */
export function simulatorOfJob(
  job: Job,
  { settings, origins }: Pick<RunSetup, 'settings' | 'origins'>,
  command: 'resume' | 'retry',
): GoingOn {
  // From wherever it is said: a rehearsal that was asked for must never go to the service.
  const said = settings.simulate;
  if (!job.identity.simulated || origins.get('simulate') === 'flag')
    return { simulate: said, notes: [] };
  const kept = keptSpec(job);
  if (kept === null) return { simulate: said ?? DEFAULT_SIMULATOR_SPEC, notes: [] };
  if (command === 'resume' || kept.errorRate === 0) return { simulate: kept, notes: [] };
  const spec = simulatorSpecText(kept);
  return {
    simulate: { ...kept, errorRate: 0 },
    notes: [
      `the simulator keeps the settings of the last run (${spec}), except errors, which would fail the same lines again; to set them yourself: --simulate=SPEC`,
    ],
  };
}

/** What the simulator was in the job's last run; null: an older version ran it. */
function keptSpec({ name, runFlags }: Job): SimulatorSpec | null {
  const { simulate } = runFlags;
  if (simulate === undefined) return null;
  try {
    return parseSimulatorSpec(String(simulate));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new ConfigError(
      `cannot read the simulator settings of the last run of job ${name} from its ledger: ${error.message}`,
      'give them with --simulate=SPEC',
      error,
    );
  }
}
