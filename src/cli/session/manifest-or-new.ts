import { readManifest, type RunManifest } from '../../run/manifest.ts';

/** What run.json says, or would say of a folder that nothing has been started in. */
export async function manifestOrNew(directory: string): Promise<RunManifest> {
  return (await readManifest(directory)) ?? { schema: 1, runId: '', createdAt: '', embedders: {}, inputs: {} };
}
