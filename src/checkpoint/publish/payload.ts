import type { Writable } from '../../torch/index.ts';
import { pendingString, pyDict, pyFloats, pyList, pyTensor } from '../../torch/index.ts';
import { incompatible } from '../errors.ts';
import { dimensionProblem, kindFromName, KINDS } from '../kinds.ts';
import { quote } from '../text.ts';
import type { CheckpointContent } from '../types.ts';
import { CHECKPOINT_VERSION } from '../version.ts';
import { RowStream } from './row-stream.ts';

/**
 * Refuses content that no checkpoint of its kind can hold, before a byte is written.
 *
 * @throws CheckpointError `incompatible`
 */
export function checkContent(path: string, { kind, ids, rows }: CheckpointContent): void {
  const stated = kindFromName(path);
  if (stated !== undefined && stated !== kind) {
    throw incompatible(path, 'KIND_MISMATCH', `kind does not match: the file name says ${stated}, content is ${kind}`);
  }
  const text = dimensionProblem(kind, rows.dim);
  if (text !== undefined) throw incompatible(path, 'DIMENSION', text);
  if (rows.rows !== ids.length) {
    throw incompatible(path, 'ROW_COUNT', `rows do not match ids: expected ${ids.length} rows, got ${rows.rows}`);
  }
  if (rows.rows === 0) throw incompatible(path, 'NO_ROWS', 'there are no rows to write');
}

/** The dict of a checkpoint with status `in_progress`, which becomes `complete` without moving a byte. */
export function checkpointPayload(path: string, content: CheckpointContent): Writable {
  const { kind, ids } = content;
  const facts = KINDS[kind];
  return pyDict([
    [facts.idsKey, pyList(ids.length, (row) => idAt(ids, row))],
    [facts.dataKey, dataOf(path, content)],
    ['version', CHECKPOINT_VERSION],
    ['status', pendingString('in_progress', 'complete')],
  ]);
}

function dataOf(path: string, { kind, ids, rows }: CheckpointContent): Writable {
  const stream = new RowStream(rows, (row) => {
    throw incompatible(path, 'NON_FINITE', `row ${row} (${quote(idAt(ids, row))}) holds NaN or Inf`);
  });
  if (kind === 'nucleotide') {
    return pyList(rows.rows, (row) =>
      pyDict([
        ['label', idAt(ids, row)],
        ['mean_representation', pyFloats(rows.dim, (into) => stream.copyRow(row, into))],
      ]),
    );
  }
  if (kind === 'protein') {
    const rowBytes = rows.dim * Float32Array.BYTES_PER_ELEMENT;
    return pyList(rows.rows, (row) =>
      pyTensor({
        dtype: 'float32',
        shape: [rows.dim],
        read: (byteOffset, into) => stream.copyBytes(row * rowBytes + byteOffset, into),
      }),
    );
  }
  return pyTensor({
    dtype: 'float32',
    shape: [rows.rows, rows.dim],
    read: (byteOffset, into) => stream.copyBytes(byteOffset, into),
  });
}

function idAt(ids: readonly string[], row: number): string {
  const id = ids[row];
  if (id === undefined) throw new RangeError(`row ${row} has no id, there are ${ids.length}`);
  return id;
}
