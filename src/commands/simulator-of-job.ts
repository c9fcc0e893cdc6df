import { ConfigError, UsageError } from '../errors.ts';
import type { Job } from '../ledger/records.ts';
import type { SimulatorSpec } from '../settings.ts';
import {
  DEFAULT_SIMULATOR_SPEC,
  parseSimulatorSpec,
  simulatorSpecText,
} from '../simulator/spec.ts';
import type { RunSetup } from './run-setup.ts';

/** The simulator for a resumed job, undefined: not simulated; and the notes to report. */
type GoingOn = { readonly simulate: SimulatorSpec | undefined; readonly notes: readonly string[] };

/**
 * The simulator spec for `resume` and `retry`: from this command line; else, for a simulated job, that of its last run, for
 * a retry without its `errors`. A new simulator repeats the same faults: lines that fail for good because of them would do
 * so each time. Throws 78 if the stored spec cannot be parsed.
 */
export function simulatorOfJob(
  job: Job,
  { settings, origins }: Pick<RunSetup, 'settings' | 'origins'>,
  command: 'resume' | 'retry',
): GoingOn {
  // Whatever its source: a simulation that was requested must never go to the service.
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

/** The simulator spec of the job's last run; null: an older version ran it. */
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
