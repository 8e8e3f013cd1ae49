import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { escapeField } from '../checkpoint/failed-checkpoints.ts';
import { replaceFile } from './atomic-file.ts';
import { FAILED_FILES, FAILED_SEQUENCES } from './run-folder.ts';
import type { Tally } from './tally.ts';

/** `{file}|{embedder}|{reason}`, written anew by each run; no failures, no file. */
export async function writeFailedFiles(directory: string, tally: Tally): Promise<void> {
  const fields = tally.notEmbedded.map(({ input, embedder, reason }) => [input, embedder, reason ?? '']);
  await writeList(path.join(directory, FAILED_FILES), fields);
}

/** `{file}|{embedder}|{id}|{reason}`, written anew by each run; none skipped, no file. */
export async function writeFailedSequences(directory: string, tally: Tally): Promise<void> {
  const fields = tally.skippedSequences.map(({ input, embedder, id, reason }) => [input, embedder, id, reason]);
  await writeList(path.join(directory, FAILED_SEQUENCES), fields);
}

async function writeList(target: string, entries: readonly string[][]): Promise<void> {
  const lines = entries.map((fields) => `${fields.map(escapeField).join('|')}\n`);
  if (lines.length === 0) await fs.rm(target, { force: true });
  else await replaceFile(target, lines.join(''));
}
