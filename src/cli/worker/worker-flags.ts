import type { LogFormat } from '../../observe/log-format.ts';
import type { MetricsAddress } from '../../observe/metrics-endpoint.ts';
import type { WorkerRole } from '../../worker/index.ts';
import type { DataConverterFlag } from '../data-converter.ts';
import type { OtelFlag } from '../otel.ts';

/** Options of `virnucpro worker`. */
export interface WorkerFlags extends DataConverterFlag, OtelFlag {
  role: WorkerRole;
  embedder?: string[];
  gpus?: string[];
  retryLostGpus?: number;
  slots?: number;
  address?: string;
  namespace?: string;
  localServerPid?: number;
  metricsAddress?: MetricsAddress;
  logFormat?: LogFormat;
  /** Of a process that a supervisor has started for this GPU. */
  gpuName?: string;
  requireGpu?: boolean;
}
