/** Wire names: what other languages start, query and signal by. */
export const WORKFLOW_EMBEDDING_RUN = 'embeddingRun';
export const WORKFLOW_EMBED_PARTITION = 'embedPartition';
export const WORKFLOW_PREDICT_VIRUS = 'predictVirus';

export const QUERY_PROGRESS = 'progress';
export const SIGNAL_PAUSE = 'pause';
export const SIGNAL_RESUME = 'resume';
/** From a partition to its run; not for users. */
export const SIGNAL_PARTITION_PROGRESS = 'partitionProgress';

/** Workflows and io activities. */
export const IO_TASK_QUEUE = 'virnucpro';

/** Queue of embedFile for one embedder. */
export function gpuTaskQueue(embedder: string): string {
  return `${IO_TASK_QUEUE}-gpu-${embedder}`;
}

/** Workflow id of the run whose UUID stands in run.json: one folder, one id. */
export function runWorkflowId(runId: string): string {
  return `virnucpro-${shortRunId(runId)}`;
}

/** The last 12 hex digits of a Temporal run id: random, while the first ones only tell the time (UUID version 7, RFC 9562). */
export function shortExecutionId(temporalRunId: string): string {
  return temporalRunId.replaceAll('-', '').slice(-12);
}

/** The first 12 hex digits of a run UUID. */
export function shortRunId(runId: string): string {
  return runId.replaceAll('-', '').slice(0, 12);
}
