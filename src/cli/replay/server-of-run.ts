import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { addressOf, configuredServer, isServerAlive, readServerRecord } from '../../server/index.ts';
import type { ReplayTarget } from './targets.ts';

/** As `--address` and `--namespace` give it; what is absent comes from the environment. */
export interface ServerChoice {
  address?: string;
  namespace?: string;
}

const RUN_WORKFLOW = /^virnucpro-([0-9a-f]{12})(?:-|$)/u;

/**
 * The server that knows a workflow: the one that was asked for, the user's own, or the local server of the run that the id
 * names.
 *
 * @throws VirnucproError `RunError.InvalidInput` if a run folder's local server is gone
 */
export function serverOfRun(
  target: Extract<ReplayTarget, { kind: 'workflow' }>,
  explicit: ServerChoice,
  env: NodeJS.ProcessEnv = process.env,
): ServerChoice {
  if (explicit.address !== undefined || configuredServer(env) !== undefined) return explicit;
  const runId12 = RUN_WORKFLOW.exec(target.workflowId)?.[1];
  const record = runId12 === undefined ? undefined : readServerRecord(runId12);
  if (record && isServerAlive(record)) return { ...explicit, address: addressOf(record) };
  if (target.directory === undefined) return explicit;
  throw new VirnucproError(
    FailureType.RunInvalidInput,
    `nothing to replay for ${target.directory}: no history is stored there (one is when a run does not end in success), the run's own server is not running and no TEMPORAL_ADDRESS is set`,
  );
}
