import * as path from 'node:path';
import { shortRunId } from '../contract/names.ts';
import { readManifest, type RunManifest } from '../run/manifest.ts';
import { isServerAlive, readServerRecord, type ServerRecord } from '../server/index.ts';

/** Where the workflows of a folder run if no server is configured. */
export interface FolderServer {
  /** run.json of the folder itself. */
  manifest: RunManifest | undefined;
  /** run.json of the folder whose command has started the server: of a side of a prediction it is the prediction. */
  host: RunManifest | undefined;
  /** The server, if it is running here. */
  record: ServerRecord | undefined;
}

/** Looks for the server that a command has started for a folder. */
export async function folderServer(directory: string): Promise<FolderServer> {
  const manifest = await readManifest(directory);
  const own = aliveServerOf(manifest);
  if (own !== undefined) return { manifest, host: manifest, record: own };
  const above = manifest === undefined ? undefined : await predictionAbove(directory);
  const host = above ?? manifest;
  return { manifest, host, record: aliveServerOf(host) };
}

async function predictionAbove(directory: string): Promise<RunManifest | undefined> {
  const above = await readManifest(path.dirname(path.resolve(directory))).catch(() => undefined);
  return above?.prediction === undefined ? undefined : above;
}

function aliveServerOf(manifest: RunManifest | undefined): ServerRecord | undefined {
  const record = manifest && readServerRecord(shortRunId(manifest.runId));
  return record !== undefined && isServerAlive(record) ? record : undefined;
}
