import type { StageContext } from '../stage.ts';

/** Progress is told this often at most. */
const INTERVAL_MS = 300;

/** Adds up the rows of parts that are worked on side by side, and tells the stage's watcher now and then. */
export class RowProgress {
  readonly #context: Pick<StageContext, 'onProgress'>;
  readonly #total: number;
  readonly #rows = new Map<number, number>();
  #toldAt = 0;

  constructor(context: Pick<StageContext, 'onProgress'>, total: number) {
    this.#context = context;
    this.#total = total;
  }

  /** Takes how many rows of a part are done. */
  of(part: number): (rows: number) => void {
    return (rows) => {
      this.#rows.set(part, rows);
      const now = Date.now();
      if (now - this.#toldAt < INTERVAL_MS) return;
      this.#toldAt = now;
      const done = [...this.#rows.values()].reduce((sum, count) => sum + count, 0);
      this.#context.onProgress?.(done, this.#total);
    };
  }
}
