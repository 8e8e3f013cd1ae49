import { setTimeout as sleep } from 'node:timers/promises';
import { connectClient } from '../../client/index.ts';
import { embedderFactory } from '../../embedders/index.ts';
import { converterArguments, converterOf } from '../data-converter.ts';
import { EXIT_FAILURE } from '../exit.ts';
import { otelArguments } from '../otel.ts';
import { settingsOf } from '../server-settings.ts';
import type { WorkerFlags } from './worker-flags.ts';
import { defaultLogFormat, formatMetricsAddress, nthMetricsAddress } from '../../observe/index.ts';
import { resolveGpus, type Gpu } from './gpu-list.ts';
import { keepRunning, type KeptEnd, type StartedProcess } from './keep-running.ts';
import { supervisorLog } from './supervisor-log.ts';
import { startGpuWorker } from './worker-per-gpu.ts';

/** `virnucpro worker --gpus`: a worker process for each GPU. */
export async function superviseGpus(flags: WorkerFlags & { gpus: readonly string[] }): Promise<number> {
  const gpus = resolveGpus(flags.gpus, process.env['CUDA_VISIBLE_DEVICES']);
  // A wrong address or converter is this command's error: no worker process would get further, however often it is started.
  await (await connectClient(settingsOf(flags))).connection.close();
  await converterOf(flags);
  const addresses = gpus.map((_, place) => metricsAddressOf(flags, place));
  const { logFormat = defaultLogFormat(process.stderr) } = flags;
  const { say, relay } = supervisorLog(logFormat);
  const start = (gpu: Gpu) => {
    const args = workerArguments({ ...flags, logFormat, gpuName: gpu.name }, addresses[gpus.indexOf(gpu)]);
    return startGpuWorker(gpu, args, relay);
  };
  const { retryLostGpus: retryLostSeconds } = flags;
  const retry = retryLostSeconds === undefined ? {} : { retryLostMs: retryLostSeconds * 1000 };
  return supervise(gpus, { start, log: say, signals: process, ...retry });
}

/** What a supervisor needs of its surroundings. */
export interface Supervision {
  start(gpu: Gpu): StartedProcess;
  /** @param gpu that the line is about */
  log(line: string, gpu?: string): void;
  /** Where SIGTERM and SIGINT come from. */
  signals: Pick<NodeJS.Process, 'on' | 'off'>;
  /** Before the first restart. @default 1000 */
  firstDelayMs?: number;
  /** After which a GPU that was lost is tried again; absent: never. */
  retryLostMs?: number;
}

/**
 * Keeps a process running for each GPU, until a signal, or until none is left. Signals are passed on, and the processes
 * waited for; a second one kills them.
 *
 * @returns exit code: 0 after a signal, or if all have ended in order; 1 if the last one has lost its device
 */
export async function supervise(gpus: readonly Gpu[], supervision: Supervision): Promise<number> {
  const { signals, log } = supervision;
  const running = new Set<StartedProcess>();
  const stopping = new AbortController();
  const onSignal = (signal: string) => {
    if (stopping.signal.aborted) {
      for (const one of running) one.kill();
      return;
    }
    log(`${signal}: the workers hand their tasks back (again: they are killed)`);
    stopping.abort();
  };
  signals.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  try {
    const ends = await Promise.all(gpus.map((gpu) => superviseOne(gpu, supervision, running, stopping.signal)));
    if (stopping.signal.aborted || !ends.includes('lost')) return 0;
    log('no GPU is left');
    return EXIT_FAILURE;
  } finally {
    signals.off('SIGTERM', onSignal).off('SIGINT', onSignal);
  }
}

async function superviseOne(
  gpu: Gpu,
  { start, log, firstDelayMs, retryLostMs }: Supervision,
  running: Set<StartedProcess>,
  stopping: AbortSignal,
): Promise<KeptEnd> {
  const say = (line: string) => log(line, gpu.name);
  const startNoted = () => {
    const started = start(gpu);
    running.add(started);
    void started.ended.then(() => running.delete(started));
    return started;
  };
  const options = { start: startNoted, log: say, ...(firstDelayMs === undefined ? {} : { firstDelayMs }) };
  let end = await keepRunning(options, stopping);
  while (end === 'lost') {
    if (retryLostMs === undefined) {
      say('the device is lost; it is left alone until this command is started again');
      return end;
    }
    say(`the device is lost; it is tried again in ${retryLostMs / 1000} s`);
    await sleep(retryLostMs, undefined, { signal: stopping }).catch(() => {});
    end = await keepRunning(options, stopping);
  }
  if (end === 'finished') say('its worker was told to end; it is left alone');
  return end;
}

/** Every process answers Prometheus on a port of its own, in the order of --gpus. */
function metricsAddressOf({ metricsAddress }: WorkerFlags, place: number): string | undefined {
  return metricsAddress && formatMetricsAddress(nthMetricsAddress(metricsAddress, place));
}

/** @returns arguments of `virnucpro worker` for the process of one GPU */
export function workerArguments(
  { embedder = [], slots, address, namespace, dataConverter, logFormat, gpuName, otel }: WorkerFlags,
  metricsAddress?: string,
): string[] {
  return [
    ...['--role', 'gpu'],
    ...(embedder.some((name) => embedderFactory(name).isModel === true) ? ['--require-gpu'] : []),
    ...embedder.flatMap((name) => ['--embedder', name]),
    ...(slots === undefined ? [] : ['--slots', String(slots)]),
    ...(address === undefined ? [] : ['--address', address]),
    ...(namespace === undefined ? [] : ['--namespace', namespace]),
    ...otelArguments(otel === undefined ? {} : { otel }),
    ...(logFormat === undefined ? [] : ['--log-format', logFormat]),
    // For people, the supervisor says it.
    ...(gpuName === undefined || logFormat === 'pretty' ? [] : ['--gpu-name', gpuName]),
    ...(metricsAddress === undefined ? [] : ['--metrics-address', metricsAddress]),
    ...converterArguments(dataConverter === undefined ? {} : { dataConverter }),
  ];
}
