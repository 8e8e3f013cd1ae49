export { DEFAULT_EMBEDDERS, EMBEDDERS, embedderFactory, requireEmbedders } from './registry.ts';
export type { EmbedderLease } from './resident.ts';
export { ResidentEmbedders } from './resident.ts';
export type {
  Embedder,
  EmbedderDescription,
  EmbedderFactory,
  EmbedderOptions,
  EmbedItem,
  EmbedResult,
  EmbedTask,
  Fingerprint,
} from './types.ts';
