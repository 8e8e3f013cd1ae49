import { describe, expect, it } from 'vitest';
import { requirePossible } from '../../../../src/cli/session/require-possible.ts';
import { FailureType } from '../../../../src/contract/failure-types.ts';

const SERVER = { TEMPORAL_ADDRESS: 'temporal.example:7233' };

describe('requirePossible', () => {
  it.each([
    [{ withWorkers: true }, SERVER, /^--detach with --with-workers: .* virnucpro worker/u],
    [{ waitForWorkers: 60 }, SERVER, /^--detach with --wait-for-workers: .* leave out one of them$/u],
    [{}, {}, /^--detach needs a server that outlives this command: set TEMPORAL_ADDRESS/u],
  ])('--detach with %o and the environment %o → refused', (flags, env, message) => {
    const refusal = refusalOf({ ...flags, detach: true }, env);
    expect(refusal).toMatchObject({ type: FailureType.RunInvalidInput, message: expect.stringMatching(message) });
  });

  it.each([
    [{ detach: true }, SERVER],
    [{ withWorkers: true, waitForWorkers: 60 }, SERVER],
    [{ withWorkers: true, waitForWorkers: 60 }, {}],
  ])('%o and the environment %o → possible', (flags, env) => expect(refusalOf(flags, env)).toBeUndefined());
});

function refusalOf(flags: object, env: NodeJS.ProcessEnv): unknown {
  try {
    requirePossible({ progress: true, ...flags }, env);
    return undefined;
  } catch (error) {
    return error;
  }
}
