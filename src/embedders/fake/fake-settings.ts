/** Options of the fake embedder, checked. */
export interface FakeSettings {
  dim: number;
  delayMs: number;
  log: string | undefined;
  failOn: string | undefined;
  nanOn: string | undefined;
  oomAbove: number | undefined;
  crashAt: number | undefined;
}
