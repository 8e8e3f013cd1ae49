import type { BatchCost } from '../contract/activity-events.ts';
import type { Alphabet } from '../sequences/types.ts';

/**
 * Everything that changes the numbers an embedder returns, as JSON. Two runs whose fingerprints differ must not be mixed
 * in one folder. Batch sizes, delays, queues and fault options are not part of it.
 */
export type Fingerprint = Readonly<Record<string, string | number | boolean>>;

/** What is known of an embedder before any work is done. */
export interface EmbedderDescription {
  readonly name: string;
  /** undefined: takes both. */
  readonly alphabet: Alphabet | undefined;
  readonly dim: number;
  readonly kind: 'nucleotide' | 'protein' | 'vectors';
  /** Ends the file name: `{stem}{suffix}`, e.g. `_KMER.pt`. */
  readonly suffix: string;
  readonly fingerprint: Fingerprint;
  /** Keys of a fingerprint that only the loaded model can tell, see {@link Embedder.loaded}. */
  readonly loadedKeys?: readonly string[];
  /** Sequences per batch unless the request says otherwise. */
  readonly batchSize: number;
  /** Letters after which a batch is full, however few sequences it holds. */
  readonly batchLetters?: number;
}

export interface EmbedItem {
  id: string;
  sequence: string;
  /** Position among the windows of the input file, from 0. */
  ordinal: number;
}

/** What an embedder may need to know of the task that a batch belongs to. */
export interface EmbedTask {
  /** Absolute path of the input file. */
  file: string;
  /** Folder that lives as long as the task is not done: the place for marks that must survive a process. */
  scratchFolder: string;
  /** Takes what a person should know although the batch succeeds, e.g. rows of zeros. */
  warn?: ((message: string) => void) | undefined;
  /** Takes what the embedder has counted for the batch, before it answers. */
  onCost?: ((cost: BatchCost) => void) | undefined;
}

/** Rows in the order of the items: `items.length × dim` values. */
export type EmbedResult = Float32Array;

/**
 * One resident model (a process of its own, or a function in a thread). Implementations throw VirnucproError with an
 * `EmbeddingError.*` type, or the abort reason when the signal fires.
 */
export interface Embedder {
  readonly description: EmbedderDescription;
  /** Loads the model; safe to call more than once. */
  start(signal: AbortSignal): Promise<void>;
  /** Either a row for every item, all finite, or a rejection; a `BadRowsError` holds the rows that are finite. */
  embed(task: EmbedTask, items: readonly EmbedItem[], signal: AbortSignal): Promise<EmbedResult>;
  /** False once its process has died: the next start() makes a new one. */
  readonly alive: boolean;
  /** What the fingerprint gains by what start() has loaded; undefined where the description says everything. */
  readonly loaded?: Fingerprint | undefined;
  /** What it computes with once it has started, for people: versions and the device; no part of the fingerprint. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  stop(): Promise<void>;
}

export type EmbedderOptions = Readonly<Record<string, string>>;

/** An embedder by name. `describe` is pure and cheap; `create` makes an embedder that is not started yet. */
export interface EmbedderFactory {
  readonly name: string;
  /** One line for help texts. */
  readonly summary: string;
  /** Names and meanings of its options, for help texts and for refusing unknown ones. */
  readonly options: Readonly<Record<string, string>>;
  /** Options that are paths: the command makes them absolute, since workers have other working folders. */
  readonly pathOptions?: readonly string[];
  /** Options that are a folder or something else: made absolute where there is such a folder. */
  readonly folderOptions?: readonly string[];
  /** It needs a Python with torch, and a device: a worker serves it only where it is named. */
  readonly isModel?: boolean;
  /** Tasks in flight per worker process. */
  readonly slots: number;
  /**
   * @param alphabet what the planner found in the inputs, for embedders that take both and decide once per run
   * @throws VirnucproError `RunError.InvalidInput` on an unknown option or a value out of range, naming it
   */
  describe(options: EmbedderOptions, alphabet: Alphabet): EmbedderDescription;
  /** @param log takes what the embedder's process prints, line by line; left out, it goes to stderr */
  create(options: EmbedderOptions, description: EmbedderDescription, log?: (line: string) => void): Embedder;
  /** Why it cannot work on this machine and what to do about it, as far as a look can tell. */
  missing?(): string | undefined;
}
