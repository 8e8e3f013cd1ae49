import { EMBEDDERS } from '../../embedders/index.ts';
import type { RunManifest } from '../../run/manifest.ts';
import { configuredServer } from '../../server/index.ts';
import { engineRequirement, optionalPeers, packageVersion, peerRequirements } from '../../platform/package-facts.ts';
import { attempt, notChecked } from './attempt.ts';
import { checkDataConverter } from './data-converter.ts';
import { examineFolder, examineRun, type RunState } from './examine-folder.ts';
import { examineServer } from './examine-server.ts';
import type { Finding } from './finding.ts';
import { judgeLimits, resourceLimits } from './limits.ts';
import { judgeMemory, memoryLimits } from './memory.ts';
import { checkModels, type ModelsRequest } from './models.ts';
import { checkNodeVersion } from './node-version.ts';
import { boundEmbedders } from './prediction-folder.ts';
import { installedSdk, judgeSdk } from './sdk-versions.ts';
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
  /** Module of the data converter that clients and workers use. */
  dataConverter?: string;
}

/** Runs every check. One that cannot be made is a finding, too. */
export async function examine(request: DoctorRequest): Promise<Finding[]> {
  const { directory } = request;
  const { findings, ...run } = await examineRun(directory).catch((error: unknown): RunState => ({
    findings: [notChecked('run', error)],
  }));
  const { manifest, latest } = run;
  const ownServer = request.address !== undefined || configuredServer(process.env) !== undefined;
  const peers = peerRequirements();
  return [
    ...(await attempt('node', () => checkNodeVersion(process.version, engineRequirement()))),
    ...(await attempt('sdk', () => judgeSdk(packageVersion(), installedSdk(peers, optionalPeers()), peers))),
    ...(await attempt('heap', () => judgeMemory(memoryLimits()))),
    ...(await attempt('limits', async () => judgeLimits(await resourceLimits()))),
    ...(await attempt('python', () => checkModels(modelsRequest(request, ownServer, manifest)))),
    ...(await attempt('temporal-cli', () => checkTemporalCli(ownServer))),
    ...(await attempt('data-converter', () => checkDataConverter(request))),
    ...(await attempt('server', () => examineServer({ ...request, ownServer, manifest, plan: latest?.plan }))),
    ...findings,
    ...(await attempt('folder', () => examineFolder(directory, run))),
  ];
}

/** The models of the run folder are computed here only where the run has no server of the user's, with workers elsewhere. */
function modelsRequest(
  { embedders = [], weights }: DoctorRequest,
  ownServer: boolean,
  manifest: RunManifest | undefined,
): ModelsRequest {
  const models = EMBEDDERS.filter(({ isModel }) => isModel === true).map(({ name }) => name);
  const bound = ownServer || manifest === undefined ? {} : boundEmbedders(manifest);
  const asked = models.filter((name) => embedders.includes(name) || Object.hasOwn(bound, name));
  const random = asked.filter((name) => bound[name]?.fingerprint['weights'] === 'random-init');
  return { asked, weights, random };
}
