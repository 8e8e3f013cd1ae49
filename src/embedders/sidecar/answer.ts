import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { BadRowsError, type BadRow } from '../bad-rows.ts';
import { nonFiniteRows } from '../checked-embedder.ts';
import { embedderError } from '../embedder-error.ts';
import { floatsFromPayload, type Frame } from '../process/frames.ts';
import type { EmbedderDescription, EmbedItem } from '../types.ts';

/** What the process says of a record that it gives no row for. */
interface BadItem {
  index: number;
  status: string;
  /** A sentence without the record's id. */
  reason: string;
}

/** Statuses that say something of the sequence alone: no other try will change it. */
const REFUSED: ReadonlySet<string> = new Set(['invalid', 'too_long']);

/**
 * The rows of an answer, in the order of the items and all finite.
 *
 * @throws BadRowsError naming the records that have none; VirnucproError `EmbeddingError.OutOfMemory` for a record that does
 *   not fit alone, `EmbeddingError.Embedder` if the answer is none
 */
export function readAnswer(
  { name, dim }: EmbedderDescription,
  items: readonly EmbedItem[],
  { header, payload }: Frame,
): Float32Array {
  const rows = floatsFromPayload(payload);
  if (rows.length !== items.length * dim) {
    throw embedderError(`embedder ${name}: expected ${items.length} × ${dim} values, got ${rows.length}`);
  }
  const said = badItems(name, header['bad'] ?? [], items.length);
  const [first] = said;
  if (first === undefined) {
    const bad = nonFiniteRows(name, dim, items, rows);
    if (bad.length > 0) throw new BadRowsError(bad, rows, dim);
    return rows;
  }
  if (items.length === 1 && first.status === 'too_large') {
    throw new VirnucproError(FailureType.EmbeddingOutOfMemory, reasonOf(name, items, first));
  }
  throw new BadRowsError(withNonFinite(name, dim, items, rows, said), rows, dim);
}

function badItems(name: string, bad: unknown, count: number): BadItem[] {
  const isSound = (one: Partial<BadItem>): boolean =>
    Number.isSafeInteger(one.index) && one.index! >= 0 && one.index! < count && typeof one.status === 'string';
  if (Array.isArray(bad) && bad.every(isSound)) return bad as BadItem[];
  throw embedderError(`embedder ${name}: broke the protocol: a list of bad records that cannot be read`);
}

/** A row that is not finite is bad whether or not the process says so. */
function withNonFinite(
  name: string,
  dim: number,
  items: readonly EmbedItem[],
  rows: Float32Array,
  said: readonly BadItem[],
): BadRow[] {
  const bad = new Map(nonFiniteRows(name, dim, items, rows).map((row) => [row.index, row]));
  for (const item of said) {
    const reason = reasonOf(name, items, item);
    bad.set(item.index, { index: item.index, reason, refused: REFUSED.has(item.status) });
  }
  return [...bad.values()].toSorted((a, b) => a.index - b.index);
}

function reasonOf(name: string, items: readonly EmbedItem[], { index, status, reason }: BadItem): string {
  const wayOut = status === 'too_long' ? '; --chunk-length cuts sequences into windows' : '';
  return `embedder ${name}: record "${items[index]?.id}": ${reason}${wayOut}`;
}
