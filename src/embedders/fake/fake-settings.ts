/** Options of the fake embedder, checked. */
export interface FakeSettings {
  dim: number;
  delayMs: number;
  batchesAtOnce: number;
  log: string | undefined;
  /** Ids. */
  failOn: string[];
  /** Ids. */
  nanOn: string[];
  /** Ids. */
  crashOn: string[];
  /** Ids. */
  oomOn: string[];
  /** Ids. */
  deviceLostOn: string[];
  oomAbove: number | undefined;
  crashAt: number | undefined;
}
