import { statSync } from 'node:fs';
import { asCheckpointError, openAndCheck } from '../check-source.ts';
import { incompatible } from '../errors.ts';
import type { CheckpointKind, CheckpointStatus, ValidateOptions } from '../types.ts';
import { packIds } from './packed-ids.ts';
import type { PackedIds } from './packed-ids.ts';
import type { FileIdentity } from './row-file.ts';
import { identityOf } from './row-file.ts';
import type { RowIndex } from './row-index.ts';
import { indexRows } from './row-index.ts';

/** All that is needed to read the rows of a checkpoint that was checked. */
export interface IndexedCheckpoint {
  readonly path: string;
  readonly kind: CheckpointKind;
  readonly version: string;
  readonly status: CheckpointStatus | null;
  readonly ids: readonly string[];
  readonly index: RowIndex;
  /** Of the file that was checked: it may be another one by the time that its rows are read. */
  readonly identity: FileIdentity;
}

/** The same, as it crosses from thread to thread. */
export type PackedCheckpoint = Omit<IndexedCheckpoint, 'ids'> & { readonly ids: PackedIds };

export function packCheckpoint(indexed: IndexedCheckpoint): PackedCheckpoint {
  return { ...indexed, ids: packIds(indexed.ids) };
}

/**
 * Checks a checkpoint, in the calling thread, and computes where its rows lie.
 *
 * @throws CheckpointError what is wrong with the file; `incompatible` with code `ROWS_MISSING` where a generic checkpoint
 *   holds no ids and rows
 */
export function indexCheckpoint(path: string, options: ValidateOptions): IndexedCheckpoint {
  const identity = identify(path);
  const { checked, source } = openAndCheck(path, options);
  source?.close();
  const { problem, file, layout, kind, version, status, ids } = checked;
  if (problem) throw problem;
  if (file && layout && ids && kind !== undefined && version !== undefined) {
    return { path, kind, version, status: status ?? null, ids: ids.all(), index: indexRows(file, layout), identity };
  }
  throw incompatible(path, 'ROWS_MISSING', 'a dict without ids and rows cannot be read row by row');
}

function identify(path: string): FileIdentity {
  try {
    return identityOf(statSync(path, { bigint: true }));
  } catch (error) {
    throw asCheckpointError(error, path);
  }
}
