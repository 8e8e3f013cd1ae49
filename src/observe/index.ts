/** What a worker tells of its work: metrics, logs and traces. */
export { formatMetricsAddress, nthMetricsAddress, parseMetricsAddress } from './metrics-endpoint.ts';
export { endpointError, prometheusOptions, type MetricsAddress } from './metrics-endpoint.ts';
export { METRICS, type MetricDefinition } from './metric-names.ts';
export { MetricsObserver, type ServedEmbedder, type ServedWork } from './metrics-observer.ts';
export { backlogProbe, watchBacklog, type BacklogProbe, type WatchedQueue } from './queue-backlog.ts';
export { createLog, sdkLogger, type LogOptions } from './log.ts';
export { defaultLogFormat, LOG_FORMATS, type LogFormat } from './log-format.ts';
export { startTracing, TRACING_PACKAGES, type Tracing } from './tracing.ts';
