import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { validateCheckpointSync } from '../checkpoint/index.ts';
import type { PublishResult } from '../checkpoint/types.ts';
import { isComplete } from '../run/judge-existing.ts';
import type { PublishTask } from './publish-task.ts';

const CHUNK_BYTES = 1 << 20;

/**
 * The checkpoint of a task if it is already there, complete, and has the task's ids and dimension. Anything else at that
 * place is left to the publish protocol to refuse. Blocks its thread.
 */
export function existingCheckpoint(
  { checkpointFile, kind, shape }: PublishTask,
  ids: readonly string[],
): PublishResult | undefined {
  if (!existsSync(checkpointFile)) return undefined;
  const expect = { kind, dim: shape.dim, ids };
  const entry = validateCheckpointSync(checkpointFile, { level: 'deep', expect });
  if (entry.result !== 'valid' || !isComplete(entry)) return undefined;
  return {
    outcome: 'existing',
    path: checkpointFile,
    bytes: entry.bytes ?? 0,
    sha256: sha256Of(checkpointFile),
    rows: entry.rows ?? 0,
    dim: entry.dim ?? shape.dim,
  };
}

function sha256Of(file: string): string {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const fd = openSync(file, 'r');
  try {
    for (let count = readSync(fd, chunk); count > 0; count = readSync(fd, chunk)) hash.update(chunk.subarray(0, count));
  } finally {
    closeSync(fd);
  }
  return hash.digest('hex');
}
