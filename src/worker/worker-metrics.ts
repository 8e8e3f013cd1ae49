import type { MetricMeter } from '@temporalio/common';
import { gpuTaskQueue, IO_TASK_QUEUE } from '../contract/names.ts';
import { DEFAULT_EMBEDDERS, embedderFactory, EMBEDDERS } from '../embedders/index.ts';
import { backlogProbe, MetricsObserver, watchBacklog, type ServedWork, type WatchedQueue } from '../observe/index.ts';
import { packageVersion } from '../platform/package-facts.ts';
import type { VirnucproWorkerOptions } from './virnucpro-worker-options.ts';

/** The metrics of one worker process. */
export interface WorkerMetrics {
  readonly observer: MetricsObserver;
  /** Measures until the signal fires. */
  run(signal: AbortSignal): void;
}

export function workerMetrics(meter: MetricMeter, options: VirnucproWorkerOptions): WorkerMetrics {
  const observer = new MetricsObserver(meter, servedBy(options));
  const tell = ({ name, kind }: WatchedQueue, backlog: number) => observer.tellBacklog(name, kind, backlog);
  return {
    observer,
    run: (signal) => {
      // Nobody waits for its end: the server may be gone by then.
      void watchBacklog(queuesOf(options), backlogProbe(options.connection, options.namespace), tell, signal);
      signal.addEventListener('abort', () => observer.stop(), { once: true });
    },
  };
}

function servedBy(options: VirnucproWorkerOptions): ServedWork {
  const { role = 'all', embedders = DEFAULT_EMBEDDERS, slots } = options;
  const served = embedders.map((name) => ({
    name,
    slots: slots ?? embedderFactory(name).slots,
    taskQueue: queueOf(options, name),
  }));
  return { version: packageVersion(), files: role !== 'gpu', embedders: role === 'io' ? [] : served };
}

/** A worker for files watches the queues of all embedders: that tasks wait there shows even if nobody serves them. */
function queuesOf(options: VirnucproWorkerOptions): WatchedQueue[] {
  const { role = 'all', taskQueue = IO_TASK_QUEUE, embedders = DEFAULT_EMBEDDERS } = options;
  const names = role === 'gpu' ? embedders : EMBEDDERS.map(({ name }) => name);
  const queues = names.map((name): WatchedQueue => ({ name: queueOf(options, name), kind: 'activity' }));
  if (role === 'gpu') return queues;
  return [{ name: taskQueue, kind: 'workflow' }, { name: taskQueue, kind: 'activity' }, ...queues];
}

function queueOf({ gpuTaskQueues }: VirnucproWorkerOptions, embedder: string): string {
  return gpuTaskQueues?.[embedder] ?? gpuTaskQueue(embedder);
}
