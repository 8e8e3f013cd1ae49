import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { configuredServer } from '../../server/index.ts';
import type { SessionFlags } from './session-flags.ts';

/** @throws VirnucproError `RunError.InvalidInput` if the options of a session contradict its surroundings */
export function requirePossible(flags: SessionFlags): void {
  if (flags.detach !== true || configuredServer(process.env) !== undefined) return;
  throw new VirnucproError(
    FailureType.RunInvalidInput,
    '--detach needs a server that outlives this command: set TEMPORAL_ADDRESS (and start workers with virnucpro worker)',
  );
}
