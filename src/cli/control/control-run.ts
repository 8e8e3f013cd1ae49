import * as path from 'node:path';
import {
  attachAny,
  connectClient,
  connectionSettings,
  localConnectionSettings,
  type ConnectionSettings,
} from '../../client/index.ts';
import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { addressOf, configuredServer } from '../../server/index.ts';
import { converterOf, type DataConverterFlag } from '../data-converter.ts';
import { folderServer } from '../folder-server.ts';

/** What can be asked of a run that is open. */
export type Control = 'pause' | 'resume' | 'cancel';

/**
 * Asks the run that is open in a folder.
 *
 * @returns its workflow id
 * @throws VirnucproError `RunError.InvalidInput` if none is open there
 */
export async function controlRun(argument: string, control: Control, flags: DataConverterFlag): Promise<string> {
  const directory = path.resolve(argument);
  const client = await connectClient(await serverOf(directory), await converterOf(flags));
  try {
    const run = await attachAny(client, { directory });
    await run[control]().catch((error: unknown) => {
      throw asNotOpen(error, run.workflowId);
    });
    return run.workflowId;
  } finally {
    await client.connection.close();
  }
}

/** A run without a configured server runs on a server of its own, which its state folder names. */
async function serverOf(directory: string): Promise<ConnectionSettings> {
  if (configuredServer(process.env) !== undefined) return connectionSettings();
  const { manifest, record } = await folderServer(directory);
  if (record !== undefined) return localConnectionSettings(addressOf(record));
  const reason =
    manifest === undefined
      ? `${directory} is no run folder: it has no run.json`
      : 'no run is open in this folder: its own server is not running here and no TEMPORAL_ADDRESS is set';
  throw new VirnucproError(FailureType.RunInvalidInput, reason);
}

function asNotOpen(error: unknown, workflowId: string): unknown {
  if ((error as Error).name !== 'WorkflowNotFoundError') return error;
  return new VirnucproError(FailureType.RunInvalidInput, `workflow ${workflowId} is not open on this server`);
}
