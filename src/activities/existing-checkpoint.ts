import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { validateCheckpoint } from '../checkpoint/index.ts';
import type { PublishResult } from '../checkpoint/types.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { isComplete } from '../run/judge-existing.ts';
import type { LoadedTask } from './task.ts';

/**
 * The checkpoint of a task if it is already there, complete, and has the task's ids and dimension. Anything else at that
 * place is left to the publish protocol to refuse.
 */
export async function existingCheckpoint(
  { checkpointFile, embedder }: LoadedTask,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<PublishResult | undefined> {
  if ((await nodeFileSystem.stat(checkpointFile)) === undefined) return undefined;
  const { kind, dim } = embedder.description;
  const entry = await validateCheckpoint(checkpointFile, { level: 'deep', expect: { kind, dim, ids }, signal });
  if (entry.result !== 'valid' || !isComplete(entry)) return undefined;
  return {
    outcome: 'existing',
    path: checkpointFile,
    bytes: entry.bytes ?? 0,
    sha256: await sha256Of(checkpointFile, signal),
    rows: entry.rows ?? 0,
    dim: entry.dim ?? dim,
  };
}

async function sha256Of(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash, { signal });
  return hash.digest('hex');
}
