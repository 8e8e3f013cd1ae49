/** How the weights were stored. */
export type ClassifierFormat = 'module' | 'state-dict' | 'safetensors';

/** What is known of a classifier without running it. */
export interface ClassifierFacts {
  /** As it was given. */
  path: string;
  /** Of the file. */
  sha256: string;
  format: ClassifierFormat;
  /** Values of a row. */
  features: number;
  /** Units of the hidden layer. */
  hidden: number;
  classes: number;
}

/** A classifier that was read, and what a person should know about it. */
export interface InspectedClassifier {
  facts: ClassifierFacts;
  /** Whole sentences that name the file. */
  notes: string[];
}

export interface OpenClassifierOptions {
  /** Aborts the opening, and every later `classify`. */
  signal?: AbortSignal | undefined;
  /** @default one for each processor, at most 8 */
  threads?: number | undefined;
}

/** A classifier whose weights are in memory and whose threads are there. */
export interface OpenClassifier {
  readonly facts: ClassifierFacts;
  /**
   * Probabilities of the rows; calls may overlap.
   *
   * @param rows n × `features`, row by row; the buffer is transferred away and empty afterwards
   * @returns n × `classes`: softmax, in the order of the rows
   * @throws RangeError if `rows` is no multiple of `features`; the reason of the signal once it is aborted
   */
  classify(rows: Float32Array): Promise<Float32Array>;
  /** Ends the threads. Nothing may be classified afterwards. */
  close(): Promise<void>;
}
