import * as fs from 'node:fs/promises';
import { storedHistories } from '../../client/index.ts';
import { FailureType } from '../../contract/failure-types.ts';
import { runWorkflowId } from '../../contract/names.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { readManifest } from '../../run/manifest.ts';

/** Where the histories of one argument of `virnucpro replay` come from. */
export type ReplayTarget =
  | { kind: 'file'; path: string }
  /** From the server; `directory` is the run folder, where one was named. */
  | { kind: 'workflow'; workflowId: string; directory?: string };

/**
 * What an argument means: a run folder (the histories stored there, otherwise its workflow), a history file, or a workflow
 * id.
 *
 * @throws VirnucproError `RunError.InvalidInput` if it is none of them
 */
export async function resolveTarget(argument: string): Promise<ReplayTarget[]> {
  const found = await statOrUndefined(argument);
  if (found === undefined) {
    if (!/[/\\]|\.json$/u.test(argument)) return [{ kind: 'workflow', workflowId: argument }];
    throw badTarget(`${argument} does not exist`);
  }
  if (!found.isDirectory()) return [{ kind: 'file', path: argument }];
  const stored = await storedHistories(argument);
  if (stored.length > 0) return stored.map((path) => ({ kind: 'file', path }));
  const manifest = await readManifest(argument);
  if (manifest === undefined)
    throw badTarget(`${argument} is no run folder: it has no run.json and no stored histories`);
  return [{ kind: 'workflow', workflowId: runWorkflowId(manifest.runId), directory: argument }];
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
