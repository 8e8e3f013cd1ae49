import { stat } from 'node:fs/promises';
import * as path from 'node:path';
import { connectionSettings } from '../../client/index.ts';
import type { ConnectionSettings } from '../../client/index.ts';
import { shortRunId } from '../../contract/names.ts';
import { EMBEDDERS } from '../../embedders/index.ts';
import { readManifest, type RunManifest } from '../../run/manifest.ts';
import { addressOf, configuredServer, isServerAlive, readServerRecord } from '../../server/index.ts';
import { engineRequirement } from '../version.ts';
import { checkDiskSpace } from './disk-space.ts';
import type { Finding } from './finding.ts';
import { checkModels, type ModelsRequest } from './models.ts';
import { checkMount } from './mount.ts';
import { checkNodeVersion } from './node-version.ts';
import { checkPollers } from './pollers.ts';
import { checkServer } from './server.ts';
import { checkStorage } from './storage.ts';
import { checkTemporalCli } from './temporal-cli.ts';

export interface DoctorRequest {
  /** The run folder; need not exist. */
  directory: string;
  address?: string;
  namespace?: string;
  /** Models that this machine is to serve. */
  embedders?: readonly string[];
  /** Folder or Hugging Face id of their weights. */
  weights?: string;
}

/** Runs every check. One that cannot be made is a finding, too. */
export async function examine(request: DoctorRequest): Promise<Finding[]> {
  const { manifest, findings } = await examineManifest(request.directory);
  const ownServer = request.address !== undefined || configuredServer(process.env) !== undefined;
  return [
    checkNodeVersion(process.version, engineRequirement()),
    ...(await checkModels(modelsRequest(request, ownServer, manifest))),
    await checkTemporalCli(ownServer),
    ...(await examineServer(request, ownServer, manifest)),
    ...findings,
    ...(await examineFolder(request.directory)),
  ];
}

async function examineManifest(directory: string): Promise<{ manifest?: RunManifest; findings: Finding[] }> {
  try {
    const manifest = await readManifest(directory);
    return manifest ? { manifest, findings: [] } : { findings: [] };
  } catch (error) {
    const todo = 'choose another folder with --out, or put run.json back from a copy';
    return { findings: [{ check: 'run', status: 'problem', message: (error as Error).message, todo }] };
  }
}

/** The models of the run folder are computed here only where the run has no server of the user's, with workers elsewhere. */
function modelsRequest(
  { embedders = [], weights }: DoctorRequest,
  ownServer: boolean,
  manifest: RunManifest | undefined,
): ModelsRequest {
  const models = EMBEDDERS.filter(({ isModel }) => isModel === true).map(({ name }) => name);
  const bound = ownServer ? {} : (manifest?.embedders ?? {});
  const asked = models.filter((name) => embedders.includes(name) || Object.hasOwn(bound, name));
  const random = asked.filter((name) => bound[name]?.fingerprint['weights'] === 'random-init');
  return { asked, weights, random };
}

async function examineServer(
  request: DoctorRequest,
  ownServer: boolean,
  manifest: RunManifest | undefined,
): Promise<Finding[]> {
  const { address, namespace } = request;
  const explicit = { ...(address === undefined ? {} : { address }), ...(namespace === undefined ? {} : { namespace }) };
  if (ownServer) return examineQueues(connectionSettings(explicit), manifest);
  const record = manifest && readServerRecord(shortRunId(manifest.runId));
  if (record && isServerAlive(record)) {
    return examineQueues(connectionSettings({ ...explicit, address: addressOf(record) }), manifest);
  }
  const message =
    'none is named (TEMPORAL_ADDRESS, profile): embed starts a server and workers of its own for each run';
  return [{ check: 'server', status: 'info', message }];
}

async function examineQueues(settings: ConnectionSettings, manifest: RunManifest | undefined): Promise<Finding[]> {
  const { findings, connection } = await checkServer(settings);
  if (connection === undefined) return findings;
  try {
    if (findings.some(({ status }) => status === 'problem')) return findings;
    const needed = manifest && Object.keys(manifest.embedders);
    return [...findings, ...(await checkPollers(connection, settings, EMBEDDERS, needed))];
  } catch (error) {
    return [
      ...findings,
      { check: 'pollers', status: 'warning', message: `cannot be learned: ${(error as Error).message}` },
    ];
  } finally {
    await connection.close();
  }
}

async function examineFolder(directory: string): Promise<Finding[]> {
  const folder = await nearestFolder(directory);
  const about: Finding[] =
    folder === directory
      ? []
      : [{ check: 'folder', status: 'info', message: `${directory} does not exist yet: looking at ${folder}` }];
  try {
    return [...about, ...(await checkStorage(folder)), ...(await checkMount(folder)), await checkDiskSpace(folder)];
  } catch (error) {
    const todo = 'name a folder that this user may read and write';
    return [...about, { check: 'folder', status: 'problem', message: (error as Error).message, todo }];
  }
}

/** The folder itself, or the nearest above it that exists. */
async function nearestFolder(directory: string): Promise<string> {
  try {
    await stat(directory);
    return directory;
  } catch (error) {
    const above = path.dirname(directory);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === directory) return directory;
    return nearestFolder(above);
  }
}
