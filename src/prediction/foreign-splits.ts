import * as path from 'node:path';
import * as z from 'zod';
import { listOrNone } from '../platform/missing.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { makeDurableFolder } from '../platform/sync-folder.ts';
import { createFile } from '../run/atomic-file.ts';
import { splitNumber, type PredictionPaths } from './paths.ts';
import type { StageRun } from './settle-stage.ts';
import { readText } from './stage-record.ts';

const SCHEMA = z.object({ schema: z.literal(1), files: z.array(z.string()) });

/**
 * Split files that were in the side folders before this package first wrote there: somebody else's, never to be removed.
 * Noted before the first one is written, so that files of a killed attempt are not taken for such.
 *
 * @returns paths relative to DIR
 * @throws errno errors
 */
export async function foreignSplits(run: StageRun, paths: PredictionPaths): Promise<ReadonlySet<string>> {
  const fileSystem = run.fileSystem ?? nodeFileSystem;
  const file = path.join(run.directory, paths.foreignSplits);
  const noted = parse(await readText(fileSystem, file));
  if (noted !== undefined) return new Set(noted.files);
  const files: string[] = [];
  for (const side of ['nucleotide', 'protein'] as const) {
    for (const name of await listOrNone(path.join(run.directory, paths.side(side)), fileSystem)) {
      const part = splitNumber(name);
      if (part !== undefined) files.push(paths.split(side, part));
    }
  }
  await makeDurableFolder(fileSystem, path.dirname(file));
  await createFile(file, `${JSON.stringify({ schema: 1, files })}\n`, fileSystem);
  return new Set(files);
}

function parse(text: string | undefined): z.output<typeof SCHEMA> | undefined {
  if (text === undefined) return undefined;
  try {
    return SCHEMA.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
