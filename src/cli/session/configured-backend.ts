import * as path from 'node:path';
import * as fs from 'node:fs/promises';
import { connectionSettings, type ConnectionSettings } from '../../client/index.ts';
import { shortRunId } from '../../contract/names.ts';
import { stateFolder } from '../../server/index.ts';
import type { DataConverterFlag } from '../data-converter.ts';
import type { OtelFlag } from '../otel.ts';
import type { Backend } from './backend.ts';
import { workerArguments } from './local-backend.ts';
import { WorkerProcess } from './worker-process.ts';

/**
 * The server that the user's environment names. Workers are the user's, too, unless this command is asked to run some.
 */
export function configuredBackend(
  runId: string,
  embedders: readonly string[],
  withWorkers: boolean,
  flags: DataConverterFlag & OtelFlag,
  log: (line: string) => void,
): Backend {
  let worker: WorkerProcess | undefined;
  return {
    hostsWorkers: withWorkers,
    ownsServer: false,
    start: async (leaving) => {
      const settings = connectionSettings();
      leaving.throwIfAborted();
      if (withWorkers) worker = await startWorker(runId, embedders, settings, flags, log);
      return { settings };
    },
    stop: async () => worker?.stop(),
    kill: () => worker?.kill(),
  };
}

async function startWorker(
  runId: string,
  embedders: readonly string[],
  { address, namespace }: ConnectionSettings,
  flags: DataConverterFlag & OtelFlag,
  log: (line: string) => void,
): Promise<WorkerProcess> {
  const folder = stateFolder(shortRunId(runId));
  await fs.mkdir(folder, { recursive: true });
  const worker = new WorkerProcess(
    workerArguments(embedders, address, namespace, flags),
    path.join(folder, 'worker.log'),
    log,
  );
  void worker.deviceLost.then(({ embedder, reason }) => {
    log(`embedder ${embedder} has lost its device here: ${reason}; its tasks wait for another worker`);
  });
  return worker;
}
