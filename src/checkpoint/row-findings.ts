import type { Ids } from './ids.ts';
import { plural, quote } from './text.ts';

/** Rows named in a message. */
const SHOWN_ROWS = 3;

/** Rows of one kind: how many, and the first of them. */
class RowTally {
  count = 0;
  readonly first: number[] = [];

  add(row: number): void {
    this.count++;
    const largest = this.first[SHOWN_ROWS - 1];
    if (largest !== undefined && row > largest) return;
    this.first.push(row);
    this.first.sort((a, b) => a - b);
    this.first.splice(SHOWN_ROWS);
  }

  text(what: string, ids: Ids | undefined): string | undefined {
    if (this.count === 0) return undefined;
    const rows = this.first.map((row) => {
      const id = ids?.all()[row];
      return id === undefined ? `row ${row}` : `row ${row} (${quote(id)})`;
    });
    return `${plural(this.count, 'row')} ${what}, first ${rows.join(', ')}`;
  }

  /** Into `1 + SHOWN_ROWS` numbers, to be added to another tally, maybe in another thread. */
  pack(into: Float64Array): void {
    into.fill(-1);
    into[0] = this.count;
    into.set(this.first, 1);
  }

  addPacked(packed: Float64Array): void {
    const rows = packed.subarray(1).filter((row) => row >= 0);
    for (const row of rows) this.add(row);
    this.count += (packed[0] as number) - rows.length;
  }
}

/** What was found in the rows of a checkpoint. */
export class RowFindings {
  /** Numbers that {@link pack} takes. */
  static readonly PACKED = 2 * (1 + SHOWN_ROWS);
  readonly #nonFinite = new RowTally();
  readonly #zero = new RowTally();

  add(row: number, isFinite: boolean, isZero: boolean): void {
    if (!isFinite) this.#nonFinite.add(row);
    if (isZero) this.#zero.add(row);
  }

  /** Why the rows cannot be used: NaN or infinity somewhere. */
  problem(ids: Ids | undefined): string | undefined {
    const verb = this.#nonFinite.count === 1 ? 'holds' : 'hold';
    return this.#nonFinite.text(`${verb} NaN or Inf`, ids);
  }

  warning(ids: Ids | undefined): string | undefined {
    return this.#zero.text('all zero', ids);
  }

  pack(into: Float64Array): void {
    this.#nonFinite.pack(into.subarray(0, 1 + SHOWN_ROWS));
    this.#zero.pack(into.subarray(1 + SHOWN_ROWS));
  }

  addPacked(packed: Float64Array): void {
    this.#nonFinite.addPacked(packed.subarray(0, 1 + SHOWN_ROWS));
    this.#zero.addPacked(packed.subarray(1 + SHOWN_ROWS));
  }
}
