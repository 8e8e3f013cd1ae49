import { Worker } from '@temporalio/worker';
import { createActivities } from '../activities/create-activities.ts';
import type { ServerIdentity } from '../activities/dependencies.ts';
import { gpuTaskQueue, IO_TASK_QUEUE } from '../contract/names.ts';
import { DEFAULT_EMBEDDERS, embedderFactory, ResidentEmbedders } from '../embedders/index.ts';
import { processStartTime } from '../platform/process-identity.mjs';
import { tellingLostDevice } from './lost-device.ts';
import { withLogFields } from './log-attributes.ts';
import { isOpenElsewhere } from './other-server.ts';
import { SHUTDOWN_FORCE_MS } from './shutdown.ts';
import { withTracing, workflowCodeOf } from './tracing-options.ts';
import type { VirnucproWorkerOptions } from './virnucpro-worker-options.ts';
import { workerMetrics, type WorkerMetrics } from './worker-metrics.ts';

/** Workers of one process, which share their embedders. */
export interface VirnucproWorkers {
  readonly workers: readonly Worker[];
  /**
   * Runs until a shutdown: on SIGINT or SIGTERM, on {@link shutdown}, or when every Worker has lost its device. Embedders are
   * stopped before it resolves.
   */
  run(): Promise<void>;
  shutdown(): void;
}

/**
 * What all workers have in common.
 *
 * - Heartbeats are throttled to 3 s at most, so that a cancellation arrives within 3 s.
 * - Grace 0: on shutdown activities are told at once, flush the rows at hand and hand their task back; after 20 s the
 *   process ends even if one does not.
 */
const COMMON_OPTIONS = {
  maxHeartbeatThrottleInterval: '3 seconds',
  defaultHeartbeatThrottleInterval: '3 seconds',
  shutdownGraceTime: 0,
  shutdownForceTime: SHUTDOWN_FORCE_MS,
} as const;

/** Activities on files wait for the disk; more at a time only add memory. */
const IO_SLOTS = 32;

/**
 * Ready-made workers by role.
 *
 * @throws VirnucproError `RunError.InvalidInput` for an unknown embedder
 */
export async function createWorkers(options: VirnucproWorkerOptions): Promise<VirnucproWorkers> {
  const { role = 'all' } = options;
  const metrics = options.metrics === undefined ? undefined : workerMetrics(options.metrics, options);
  const own = [metrics?.observer, options.tracing?.observer].filter((observer) => observer !== undefined);
  const observers = [...(options.observers ?? []), ...own];
  const embedders = new ResidentEmbedders(options.log);
  const activities = createActivities({ embedders, server: serverIdentity(options), observers });
  const { connection, namespace, dataConverter } = options;
  const common = {
    ...COMMON_OPTIONS,
    connection,
    namespace,
    ...(dataConverter === undefined ? {} : { dataConverter }),
  };
  const workers: Worker[] = [];
  const lost = new Set<Worker>();
  if (role !== 'gpu') {
    workers.push(
      await Worker.create({
        ...common,
        taskQueue: options.taskQueue ?? IO_TASK_QUEUE,
        workflowBundle: await workflowCodeOf(options),
        activities,
        maxConcurrentActivityTaskExecutions: IO_SLOTS,
        ...withLogFields(withTracing(options)),
      }),
    );
  }
  if (role !== 'io') {
    for (const name of options.embedders ?? DEFAULT_EMBEDDERS) {
      const slots = options.slots ?? embedderFactory(name).slots;
      const embedFile = tellingLostDevice(activities.embedFile, (reason) => {
        if (lost.has(worker)) return;
        lost.add(worker);
        metrics?.observer.tellLost(name);
        tellLoss(options, name, reason);
        shutDown(worker);
      });
      const worker: Worker = await Worker.create({
        ...common,
        taskQueue: options.gpuTaskQueues?.[name] ?? gpuTaskQueue(name),
        activities: { embedFile },
        maxConcurrentActivityTaskExecutions: slots,
        ...withLogFields(withTracing(options)),
      });
      workers.push(worker);
    }
  }
  return running(workers, lost, embedders, metrics);
}

function tellLoss({ onDeviceLost, log }: VirnucproWorkerOptions, name: string, reason: string): void {
  if (onDeviceLost !== undefined) onDeviceLost(name, reason);
  else log?.(`embedder ${name} is no longer served here, its device is lost: ${reason}`, name);
}

function serverIdentity({ address, namespace, localServerPid: pid }: VirnucproWorkerOptions): ServerIdentity {
  const server = { address, namespace, askOther: isOpenElsewhere };
  if (pid === undefined) return server;
  const startTime = processStartTime(pid);
  return { ...server, pid, ...(startTime === undefined ? {} : { startTime }) };
}

/** @param lost Workers whose end ends no other */
function running(
  workers: readonly Worker[],
  lost: ReadonlySet<Worker>,
  embedders: ResidentEmbedders,
  metrics: WorkerMetrics | undefined,
): VirnucproWorkers {
  const shutdown = () => {
    for (const worker of workers) shutDown(worker);
  };
  const runOne = async (worker: Worker) => {
    try {
      await worker.run();
    } catch (error) {
      // One that fails must not leave the others behind.
      shutdown();
      throw error;
    }
    if (!lost.has(worker)) shutdown();
  };
  return {
    workers,
    shutdown,
    run: async () => {
      const ended = new AbortController();
      metrics?.run(ended.signal);
      try {
        await Promise.all(workers.map(runOne));
      } finally {
        ended.abort();
        await embedders.stopAll();
      }
    },
  };
}

function shutDown(worker: Worker): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}
