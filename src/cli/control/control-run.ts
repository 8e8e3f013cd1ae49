import * as path from 'node:path';
import { connectClient, connectionSettings, RunHandle } from '../../client/index.ts';
import { FailureType } from '../../contract/failure-types.ts';
import { runWorkflowId, shortRunId } from '../../contract/names.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { readManifest } from '../../run/manifest.ts';
import { addressOf, configuredServer, isServerAlive, readServerRecord } from '../../server/index.ts';

/** What can be asked of a run that is open. */
export type Control = 'pause' | 'resume' | 'cancel';

/**
 * Asks the run that is open in a folder.
 *
 * @returns its workflow id
 * @throws VirnucproError `RunError.InvalidInput` if none is open there
 */
export async function controlRun(directory: string, control: Control): Promise<string> {
  const { run, close } = await openRun(path.resolve(directory));
  try {
    await run[control]();
    return run.workflowId;
  } catch (error) {
    throw asNotOpen(error, run.workflowId);
  } finally {
    await close();
  }
}

async function openRun(directory: string): Promise<{ run: RunHandle; close: () => Promise<void> }> {
  const manifest = await readManifest(directory);
  if (manifest === undefined) {
    throw new VirnucproError(FailureType.RunInvalidInput, `${directory} is no run folder: it has no run.json`);
  }
  const client = await connectClient(connectionSettings(serverOf(manifest.runId)));
  const run = new RunHandle(client, runWorkflowId(manifest.runId), undefined, directory, true);
  return { run, close: () => client.connection.close() };
}

/** A run without a configured server runs on a server of its own, which its state folder names. */
function serverOf(runId: string): { address?: string; namespace?: string } {
  if (configuredServer(process.env) !== undefined) return {};
  const record = readServerRecord(shortRunId(runId));
  if (record === undefined || !isServerAlive(record)) {
    throw new VirnucproError(
      FailureType.RunInvalidInput,
      'no run is open in this folder: its own server is not running here and no TEMPORAL_ADDRESS is set',
    );
  }
  return { address: addressOf(record), namespace: 'default' };
}

function asNotOpen(error: unknown, workflowId: string): unknown {
  if ((error as Error).name !== 'WorkflowNotFoundError') return error;
  return new VirnucproError(FailureType.RunInvalidInput, `workflow ${workflowId} is not open on this server`);
}
