import type { DataConverter, MetricMeter } from '@temporalio/common';
import type { NativeConnection, WorkerOptions } from '@temporalio/worker';
import type { ActivityObserver } from '../contract/activity-events.ts';
import type { Tracing } from '../observe/index.ts';

/** `io`: workflows and activities on files. `gpu`: embedding. `all`: both in one process. */
export type WorkerRole = 'io' | 'gpu' | 'all';

export interface VirnucproWorkerOptions {
  connection: NativeConnection;
  namespace: string;
  /** host:port, as owner.json names the server. */
  address: string;
  /** Process of a local server that the command started. */
  localServerPid?: number;
  /** @default 'all' */
  role?: WorkerRole;
  /** Embedders that this process serves. @default every one that is no model: each of those wants a device */
  embedders?: readonly string[];
  /** Tasks in flight per embedder. @default what the embedder declares */
  slots?: number;
  /** Queue of workflows and io activities. @default `virnucpro` */
  taskQueue?: string;
  /** Queues of embedders by name, where a request names others. @default `virnucpro-gpu-<embedder>` */
  gpuTaskQueues?: Readonly<Record<string, string>>;
  /** Told what embedder processes print, and of which embedder. @default it goes to stderr */
  log?: (line: string, embedder: string) => void;
  /**
   * Told when the device of an embedder is lost: its Worker shuts down, the others go on.
   *
   * @default a line to `log`
   */
  onDeviceLost?: (embedder: string, reason: string) => void;
  /** Told what the activities of all Workers do, see {@link ActivityObserver}. */
  observers?: readonly ActivityObserver[];
  /** Takes the metrics of docs/metrics.md, e.g. `Runtime.instance().metricMeter`. @default none are made */
  metrics?: MetricMeter;
  /**
   * How payloads are encoded: the same as in every client of these runs. One that has a payload or failure converter of its
   * own makes an io worker bundle the workflows at its start, which takes some seconds.
   */
  dataConverter?: DataConverter;
  /** Of `startTracing`; whoever has started it stops it. @default no traces are made */
  tracing?: Tracing;
  /** Passed on to every Worker. */
  workerOptions?: Partial<WorkerOptions>;
}
