import type { RowsRecord } from './records.ts';

/** Spans get longer with the age of a process: fine at first, and a few hundred lines a day later on. */
const SPANS: readonly (readonly [ageMs: number, spanMs: number])[] = [
  [60_000, 250],
  [3_600_000, 2000],
  [Number.POSITIVE_INFINITY, 10_000],
];

interface Span {
  from: number;
  ms: number;
  rows: number;
}

/** Sums rows up over spans of time: one line per span and embedder, however many batches there are. */
export class RowCounter {
  readonly #tell: (record: RowsRecord) => void;
  readonly #spans = new Map<string, Span>();
  #startedAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (record: RowsRecord) => void) {
    this.#tell = tell;
  }

  add(at: number, embedder: string, rows: number): void {
    this.#startedAt ??= at;
    const span = this.#spans.get(embedder);
    if (span !== undefined && at < span.from + span.ms) {
      span.rows += rows;
      return;
    }
    if (span !== undefined) this.#finish(embedder, span);
    const ms = spanAt(at - this.#startedAt);
    this.#spans.set(embedder, { from: Math.floor(at / ms) * ms, ms, rows });
    // Rows that nothing follows are told all the same: a process that is killed then takes only its last span along.
    this.#timer ??= setTimeout(() => this.finish(), ms).unref();
  }

  /** Tells what has been counted. */
  finish(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [embedder, span] of this.#spans) this.#finish(embedder, span);
    this.#spans.clear();
  }

  #finish(embedder: string, { from, ms, rows }: Span): void {
    this.#tell({ event: 'rows', t: from, ms, embedder, rows });
  }
}

function spanAt(age: number): number {
  return SPANS.find(([until]) => age < until)?.[1] ?? 0;
}
