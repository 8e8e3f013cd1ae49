import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { configuredServer } from '../../server/index.ts';
import type { SessionFlags } from './session-flags.ts';

/** @throws VirnucproError `RunError.InvalidInput` if the options of a session contradict each other or its surroundings */
export function requirePossible(flags: SessionFlags, env: NodeJS.ProcessEnv = process.env): void {
  const problem = flags.detach === true ? problemOfDetaching(flags, env) : undefined;
  if (problem !== undefined) throw new VirnucproError(FailureType.RunInvalidInput, problem);
}

function problemOfDetaching({ withWorkers, waitForWorkers }: SessionFlags, env: NodeJS.ProcessEnv): string | undefined {
  if (withWorkers === true)
    return '--detach with --with-workers: the workers of this command would end with it, at once; start others with virnucpro worker, or leave out --detach';
  if (waitForWorkers !== undefined)
    return '--detach with --wait-for-workers: who detaches waits for nothing; leave out one of them';
  if (configuredServer(env) === undefined)
    return '--detach needs a server that outlives this command: set TEMPORAL_ADDRESS (and start workers with virnucpro worker)';
  return undefined;
}
