import { basename } from 'node:path';
import type { FileSystem } from '../../platform/file-system.ts';
import { CheckpointError } from '../errors.ts';
import { publishCheckpoint } from '../publish/publish-checkpoint.ts';
import { digestFile } from '../publish/digest.ts';
import { indexCheckpoint } from '../rows/index-checkpoint.ts';
import type { IndexedCheckpoint } from '../rows/index-checkpoint.ts';
import type { CheckpointContent } from '../types.ts';
import { CHECKPOINT_VERSION } from '../version.ts';
import { writtenKind } from './content.ts';
import type { PublishedFile } from './publish-files.ts';
import { taken } from './publish-files.ts';
import { SourceRows } from './source-rows.ts';

interface Target {
  readonly path: string;
  readonly fileSystem: FileSystem;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Publishes the content of a checkpoint as one of version 1.0.
 *
 * @throws what `publishCheckpoint` throws; CheckpointError `TARGET_TAKEN` also if a checkpoint of the same ids is there whose
 *   values differ: a conversion, unlike an embedding, has one result
 */
export async function convertToCheckpoint(
  indexed: IndexedCheckpoint,
  source: SourceRows,
  { path, fileSystem, signal }: Target,
): Promise<PublishedFile> {
  const content: CheckpointContent = { kind: writtenKind(indexed), ids: indexed.ids, rows: source };
  if ((await fileSystem.stat(path)) === undefined) {
    const { outcome, bytes, sha256 } = await publishCheckpoint(path, content, {
      fileSystem,
      ...(signal && { signal }),
    });
    if (outcome === 'published') return { outcome: 'converted', bytes, sha256 };
  }
  assertSameContent(indexed.path, content, source, path);
  return { outcome: 'existing', ...(await digestOf(fileSystem, path)) };
}

function assertSameContent(input: string, content: CheckpointContent, source: SourceRows, path: string): void {
  const { kind, ids } = content;
  const existing = indexExisting(path, { kind, ids, dim: source.dim, source: basename(input) });
  if (existing.status !== 'complete') throw taken(path, 'it is not complete');
  if (existing.version !== CHECKPOINT_VERSION) throw taken(path, `it is of version ${existing.version}`);
  const rows = SourceRows.open(existing);
  try {
    const blocks = rows.blocks(Float32Array);
    for (const block of source.blocks(Float32Array)) {
      const other = blocks.next().value;
      if (other === undefined || !sameBits(block, other)) throw taken(path, 'its values differ');
    }
  } finally {
    rows.close();
  }
}

function indexExisting(path: string, expect: CheckpointContentFacts): IndexedCheckpoint {
  try {
    return indexCheckpoint(path, { level: 'deep', expect });
  } catch (error) {
    if (error instanceof CheckpointError && error.class !== 'unavailable') {
      throw taken(path, error.reason.replace(/^incompatible: /u, ''));
    }
    throw error;
  }
}

type CheckpointContentFacts = Pick<CheckpointContent, 'kind' | 'ids'> & { dim: number; source: string };

/** −0 and 0 differ. */
function sameBits(values: Float32Array, others: Float32Array): boolean {
  const [left, right] = [values, others].map(({ buffer, byteOffset, byteLength }) => {
    return Buffer.from(buffer, byteOffset, byteLength);
  });
  return left !== undefined && right !== undefined && left.equals(right);
}

async function digestOf(fileSystem: FileSystem, path: string): Promise<{ bytes: number; sha256: string }> {
  const file = await fileSystem.open(path, 'read');
  try {
    const bytes = await file.size();
    return { bytes, sha256: await digestFile(file, bytes) };
  } finally {
    await file.close();
  }
}
