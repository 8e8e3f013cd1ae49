/** What a worker tells of its work: metrics, logs and traces. */
export { formatMetricsAddress, nthMetricsAddress } from './metrics-endpoint.ts';
export { endpointError, prometheusOptions, type MetricsAddress } from './metrics-endpoint.ts';
export { MetricsObserver, type ServedEmbedder, type ServedWork } from './metrics-observer.ts';
export { backlogProbe, watchBacklog, type BacklogProbe, type WatchedQueue } from './queue-backlog.ts';
export { createLog, sdkLogger, type LogOptions } from './log.ts';
export { defaultLogFormat, type LogFormat } from './log-format.ts';
export { startTracing } from './tracing.ts';
export type { Tracing } from './tracing-port.ts';
