import * as path from 'node:path';
import { localConnectionSettings } from '../../client/index.ts';
import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { shortRunId } from '../../contract/names.ts';
import { stateFolder, type LocalServer } from '../../server/index.ts';
import { converterArguments, type DataConverterFlag } from '../data-converter.ts';
import type { DeviceLostMessage } from '../serve-worker.ts';
import { otelArguments, type OtelFlag } from '../otel.ts';
import type { Backend } from './backend.ts';
import { ServerKeeper } from './server-keeper.ts';
import { WorkerProcess } from './worker-process.ts';

/**
 * A Temporal server and a worker process of this command's own, for one run folder. A server that an earlier command left
 * behind is taken over.
 */
export function localBackend(
  runId: string,
  embedders: readonly string[],
  flags: DataConverterFlag & OtelFlag,
  log: (line: string) => void,
): Backend {
  const runId12 = shortRunId(runId);
  const keeper = new ServerKeeper(runId12, log);
  let worker: WorkerProcess | undefined;
  const startWorker = ({ address, namespace, pid }: LocalServer) => {
    const args = [...workerArguments(embedders, address, namespace, flags), '--local-server-pid', String(pid)];
    return new WorkerProcess(args, path.join(stateFolder(runId12), 'worker.log'), log);
  };
  return {
    hostsWorkers: true,
    ownsServer: true,
    start: async (leaving) => {
      const server = await keeper.start();
      leaving.throwIfAborted();
      worker = startWorker(server);
      const stuck = worker.deviceLost.then(endOfRun);
      // It may come before anybody waits for it.
      stuck.catch(() => {});
      return { settings: localConnectionSettings(server.address, server.namespace), uiUrl: server.uiUrl, stuck };
    },
    stop: async () => {
      await worker?.stop();
      await keeper.stop();
    },
    kill: () => {
      worker?.kill();
      keeper.kill();
    },
  };
}

/** No other worker knows this server: nobody would take the tasks that are left. */
function endOfRun({ embedder, reason }: DeviceLostMessage['deviceLost']): never {
  const message = `embedder ${embedder} has lost its device: ${reason}. Durable rows are kept: start the same command again to go on`;
  throw new VirnucproError(FailureType.EmbeddingDeviceLost, message);
}

/** Arguments of `virnucpro worker` for a process that serves everything a run needs and that can be served here. */
export function workerArguments(
  embedders: readonly string[],
  address: string,
  namespace: string,
  flags: DataConverterFlag & OtelFlag,
): string[] {
  const role = embedders.length === 0 ? 'io' : 'all';
  const named = embedders.flatMap((name) => ['--embedder', name]);
  const where = ['--address', address, '--namespace', namespace];
  // Its log is a file that people are pointed to.
  const log = ['--log-format', 'pretty'];
  return ['--role', role, ...named, ...where, ...log, ...converterArguments(flags), ...otelArguments(flags)];
}
