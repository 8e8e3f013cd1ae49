import type { CheckCompatibilityInput, CheckCompatibilityResult } from '../contract/activities.ts';
import { FailureType } from '../contract/failure-types.ts';
import { storeRequest } from '../run/checked-request.ts';
import { checkRequest } from '../run/compatibility.ts';
import { openManifest, replaceManifest, requireManifest, unwritable, type RunManifest } from '../run/manifest.ts';
import { withBindings } from '../run/model-binding.ts';
import { claimDirectory } from '../run/owner.ts';
import { embeddingRunInputSchema } from '../schemas/contract.ts';
import { parse } from '../schemas/parse.ts';
import type { ActivityScope } from './activity-scope.ts';
import { claimantOf, openProbe } from './claimant.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** Validates the request, claims DIR, compares the request with run.json and adds what is new. */
export async function checkCompatibility(
  { request }: CheckCompatibilityInput,
  scope: ActivityScope,
  { server }: ActivityDependencies,
): Promise<CheckCompatibilityResult> {
  const input = parse(embeddingRunInputSchema, request, 'input of embeddingRun');
  const { directory } = input;
  try {
    const manifest: RunManifest =
      input.runId === undefined
        ? await openManifest(directory)
        : await requireManifest(directory, input.runId, FailureType.RunInvalidInput);
    const claimant = await claimantOf(server);
    await claimDirectory(directory, claimant, openProbe(server, claimant));
    const checked = await checkRequest(input, await withBindings(directory, manifest), scope.signal);
    await replaceManifest(directory, checked.manifest);
    const requestDigest = await storeRequest(directory, checked.request);
    const { embedders, onBadCheckpoint, tuning } = checked.request;
    return {
      run: { directory, runId: manifest.runId },
      request: { embedders, onBadCheckpoint, tuning },
      requestDigest,
    };
  } catch (error) {
    throw unwritable(directory, error);
  }
}
