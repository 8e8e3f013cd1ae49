import { setFlagsFromString } from 'node:v8';
import { NativeConnection, type Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import { connectClient } from '../client/index.ts';
import type { ConnectionSettings } from '../client/index.ts';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { DEFAULT_EMBEDDERS } from '../embedders/index.ts';
import { createLog, defaultLogFormat } from '../observe/index.ts';
import { createWorkers } from '../worker/index.ts';
import { whyNoGpu } from './worker/why-no-gpu.ts';
import { installRuntime } from './worker/worker-runtime.ts';
import { converterOf } from './data-converter.ts';
import { tracingOf } from './otel.ts';
import { settingsOf } from './server-settings.ts';
import { EXIT_DEVICE_LOST } from './exit.ts';
import type { WorkerFlags } from './worker/worker-flags.ts';

/**
 * How much the heap may grow from one full collection to the next. V8's own bound is a multiple on a machine with much
 * memory: a worker of 100 MB of live data swung between 100 and 400 MB.
 */
const HEAP_GROWTH_PERCENT = 50;

/** What a worker tells the process that started it, over its channel: an embedder's device is lost. */
export interface DeviceLostMessage {
  deviceLost: { embedder: string; reason: string };
}

/**
 * Serves until a signal, or until the command that started this worker is gone. Exit code 86 if every embedder that it
 * serves has lost its device and it serves nothing else.
 */
export async function serveWorker(flags: WorkerFlags): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
  const abandoned = new AbortController();
  // A worker that a command started for itself must not outlive it: the channel closes when the command is gone, which
  // may be long before this process is ready to serve.
  process.once('disconnect', () => abandoned.abort());
  if ((process.connected as boolean | undefined) === false) return;
  try {
    await serveOnGpu(flags, abandoned.signal);
  } finally {
    // An open channel keeps the process alive.
    if (process.connected) process.disconnect();
  }
}

/** Asks for no task where there has to be a GPU and none can be computed on. */
async function serveOnGpu(flags: WorkerFlags, abandoned: AbortSignal): Promise<void> {
  const { logFormat = defaultLogFormat(process.stderr), gpuName } = flags;
  const log = createLog({ format: logFormat, ...(gpuName === undefined ? {} : { fields: { gpu: gpuName } }) });
  const noGpu = flags.requireGpu === true ? await whyNoGpu() : undefined;
  if (noGpu === undefined) return serve(flags, log, abandoned);
  log.error(`nothing is served: ${noGpu}`);
  process.exitCode = EXIT_DEVICE_LOST;
}

async function serve(flags: WorkerFlags, log: Logger, abandoned: AbortSignal): Promise<void> {
  const { role, embedder, slots, localServerPid } = flags;
  if (abandoned.aborted) return;
  const tracing = await tracingOf(flags, (message) => log.warn(message));
  const converter = await converterOf(flags);
  const settings = settingsOf({ ...flags, local: localServerPid !== undefined });
  // Says what is wrong with the server before a worker retries it in silence, and before there is a native runtime.
  await (await connectClient(settings)).connection.close();
  const runtime = await installRuntime(log, flags.metricsAddress);
  const connection = await connectNative(settings, runtime);
  const lost = new Set<string>();
  try {
    const serving = await createWorkers({
      connection,
      namespace: settings.namespace,
      address: settings.address,
      role,
      log: (line, name) => log.info({ embedder: name }, line),
      onDeviceLost: (name, reason) => {
        lost.add(name);
        tellDeviceLost(log, name, reason);
      },
      ...(flags.metricsAddress === undefined ? {} : { metrics: runtime.metricMeter }),
      ...converter,
      ...(tracing === undefined ? {} : { tracing }),
      ...(embedder === undefined ? {} : { embedders: embedder }),
      ...(slots === undefined ? {} : { slots }),
      ...(localServerPid === undefined ? {} : { localServerPid }),
    });
    if (abandoned.aborted) return;
    abandoned.addEventListener('abort', serving.shutdown);
    log.info(`serving ${role} for ${settings.namespace} at ${settings.address}`);
    await serving.run();
  } finally {
    await connection.close();
    await tracing?.stop();
  }
  const served = new Set(embedder ?? DEFAULT_EMBEDDERS);
  if (role === 'gpu' && lost.size === served.size) process.exitCode = EXIT_DEVICE_LOST;
}

/** A runtime that nothing was made of would keep the process alive. */
async function connectNative({ address, connectionOptions }: ConnectionSettings, runtime: Runtime) {
  try {
    return await NativeConnection.connect(connectionOptions);
  } catch (error) {
    await runtime.shutdown();
    const message = `a client can connect to ${address}, and a worker cannot: ${(error as Error).message}`;
    throw new VirnucproError(FailureType.RunInvalidInput, message, { cause: error });
  }
}

function tellDeviceLost(log: Logger, embedder: string, reason: string): void {
  log.error({ embedder }, `embedder ${embedder} is no longer served here, its device is lost: ${reason}`);
  if (process.connected) process.send?.({ deviceLost: { embedder, reason } } satisfies DeviceLostMessage);
}
