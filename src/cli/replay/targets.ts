import * as fs from 'node:fs/promises';
import { storedHistories } from '../../client/index.ts';
import { FailureType } from '../../contract/failure-types.ts';
import { runWorkflowId } from '../../contract/names.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { readManifest } from '../../run/manifest.ts';

/** Where the histories of one argument of `virnucpro replay` come from. */
export type ReplayTarget =
  | { kind: 'file'; path: string }
  /** From the server. */
  | { kind: 'workflow'; workflowId: string }
  /** From the server as long as it knows the run, and from the files in the folder. */
  | { kind: 'folder'; directory: string; workflowId: string | undefined; stored: string[] };

/**
 * What an argument means: a run folder, a history file, or a workflow id.
 *
 * @throws VirnucproError `RunError.InvalidInput` if it is none of them
 */
export async function resolveTarget(argument: string): Promise<ReplayTarget> {
  const found = await statOrUndefined(argument);
  if (found === undefined) {
    if (!/[/\\]|\.json$/u.test(argument)) return { kind: 'workflow', workflowId: argument };
    throw badTarget(`${argument} does not exist`);
  }
  if (!found.isDirectory()) return { kind: 'file', path: argument };
  const stored = await storedHistories(argument);
  const manifest = await readManifest(argument);
  if (manifest === undefined && stored.length === 0) {
    throw badTarget(`${argument} is no run folder: it has no run.json and no stored histories`);
  }
  const workflowId = manifest === undefined ? undefined : runWorkflowId(manifest.runId);
  return { kind: 'folder', directory: argument, workflowId, stored };
}

function badTarget(message: string): VirnucproError {
  return new VirnucproError(
    FailureType.RunInvalidInput,
    `${message}; name a run folder, a workflow id or a history file`,
  );
}

async function statOrUndefined(path: string): Promise<{ isDirectory(): boolean } | undefined> {
  try {
    return await fs.stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
