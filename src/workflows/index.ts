/** Sandbox-safe: what a workflow bundle may contain. */
export { embeddingRun, progress } from './embedding-run.ts';
export { embedPartition, partitionProgress, pause, resume } from './embed-partition.ts';
export { predictVirus } from './predict-virus.ts';
export { predictionProgress } from './prediction-queries.ts';
