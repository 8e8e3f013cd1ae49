import { copyFile, mkdir } from 'node:fs/promises';
import * as path from 'node:path';
import type { ValidateCheckpointResult } from 'virnucpro-temporal';

/** Stands for whatever comes after embedding. */
export async function handOn(checkpoint: ValidateCheckpointResult, target: string): Promise<string> {
  await mkdir(target, { recursive: true });
  const copy = path.join(target, path.basename(checkpoint.path));
  await copyFile(checkpoint.path, copy);
  return copy;
}

export interface OwnActivities {
  handOn: typeof handOn;
}
