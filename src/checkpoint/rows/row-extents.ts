import { ELEMENT_SIZE } from '../../torch/index.ts';
import { leadingOffset } from '../row-values.ts';
import type { Encoding, RowIndex, RowPieces, StridedRows } from './row-index.ts';
import { LITERAL } from './row-index.ts';

/** Values at equal distances, and where they go. */
export interface Run {
  /** Byte of the first value. */
  readonly offset: number;
  readonly count: number;
  /** Bytes from one value to the next. */
  readonly step: number;
  readonly encoding: Encoding;
  /** Index in the target of the first value, and indices from one value to the next. */
  readonly to: number;
  readonly toStep: number;
}

/** A stretch of the file that is read in one piece, and the runs that lie in it. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
  readonly runs: readonly Run[];
}

/** Values that lie less than a page apart are read together: storage reads whole pages anyway. */
const MAX_GAP_BYTES = 4096;
/** Large enough that system calls do not count. */
export const MAX_EXTENT_BYTES = 1 << 20;

/**
 * What has to be read for `count` rows from row `start`; nothing but these rows, and gaps of less than a page between them.
 *
 * @param into takes the values that are in the index itself
 */
export function* extentsOf(
  index: RowIndex,
  start: number,
  count: number,
  into: Float32Array | Float64Array,
): Generator<Extent> {
  if (count * index.dim === 0) return;
  const runs = index.form === 'strided' ? stridedRuns(index, start, count) : pieceRuns(index, start, count, into);
  let open: OpenExtent | undefined;
  for (const run of runs) {
    for (const part of cut(run)) {
      if (open?.take(part)) continue;
      if (open) yield open;
      open = new OpenExtent(part);
    }
  }
  if (open) yield open;
}

class OpenExtent implements Extent {
  readonly offset: number;
  readonly runs: Run[];
  #end: number;

  constructor(first: Run) {
    this.offset = first.offset;
    this.runs = [first];
    this.#end = endOf(first);
  }

  get length(): number {
    return this.#end - this.offset;
  }

  /** @returns false if the run lies too far away */
  take(run: Run): boolean {
    const end = Math.max(this.#end, endOf(run));
    if (run.offset < this.offset || run.offset - this.#end > MAX_GAP_BYTES) return false;
    if (end - this.offset > MAX_EXTENT_BYTES) return false;
    this.runs.push(run);
    this.#end = end;
    return true;
  }
}

function endOf({ offset, count, step, encoding }: Run): number {
  return offset + (count - 1) * step + ELEMENT_SIZE[encoding.dtype];
}

/** Runs that one extent can hold. */
function* cut(run: Run): Generator<Run> {
  const { offset, count, step, encoding, to, toStep } = run;
  const size = ELEMENT_SIZE[encoding.dtype];
  const most = step > MAX_GAP_BYTES ? 1 : step === 0 ? count : Math.floor((MAX_EXTENT_BYTES - size) / step) + 1;
  if (count <= most) {
    yield run;
    return;
  }
  for (let at = 0; at < count; at += most) {
    yield { ...run, offset: offset + at * step, count: Math.min(most, count - at), to: to + at * toStep };
  }
}

function* stridedRuns(index: StridedRows & { dim: number }, start: number, count: number): Generator<Run> {
  const { encoding, offset, shape, stride, dim } = index;
  const step = stride.at(-1) ?? 0;
  const rowStep = stride.at(-2) ?? 0;
  const isPlain = shape.length === 2;
  if (isPlain && step === ELEMENT_SIZE[encoding.dtype] && rowStep === dim * step) {
    yield { offset: offset + start * rowStep, count: count * dim, step, encoding, to: 0, toStep: 1 };
  } else if (isPlain && rowStep < step) {
    // A transposed matrix: the values of one column are neighbours.
    for (let column = 0; column < dim; column++) {
      const first = offset + start * rowStep + column * step;
      yield { offset: first, count, step: rowStep, encoding, to: column, toStep: dim };
    }
  } else {
    for (let row = 0; row < count; row++) {
      const first = offset + leadingOffset(shape, stride, start + row);
      yield { offset: first, count: dim, step, encoding, to: row * dim, toStep: 1 };
    }
  }
}

function* pieceRuns(
  index: RowPieces & { dim: number },
  start: number,
  count: number,
  into: Float32Array | Float64Array,
): Generator<Run> {
  const { firsts, places, counts, steps, codes, encodings, dim } = index;
  for (let row = 0; row < count; row++) {
    let to = row * dim;
    const end = firsts[start + row + 1] as number;
    for (let piece = firsts[start + row] as number; piece < end; piece++) {
      const code = codes[piece] as number;
      const values = counts[piece] as number;
      if (code === LITERAL) into[to] = places[piece] as number;
      else {
        const [offset, step, encoding] = [places[piece] as number, steps[piece] as number, encodings[code] as Encoding];
        yield { offset, count: values, step, encoding, to, toStep: 1 };
      }
      to += values;
    }
  }
}
