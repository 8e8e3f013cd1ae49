import * as path from 'node:path';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { syncFolder } from '../platform/sync-folder.ts';
import type { RecordedStage } from './paths.ts';
import { compareWithRecord, type StageRun } from './settle-stage.ts';
import { readStageRecord } from './stage-record.ts';

/**
 * Renames outputs that this package made from something else, to `{name}.superseded-{time}`: results of a prediction with
 * holes, once these are filled. Files that are not as they were recorded, or are somebody else's, stay: they are compared
 * with what belongs there.
 *
 * @param of what the outputs are to be made from now
 * @throws errno errors
 */
export async function moveSuperseded(
  run: StageRun,
  stage: RecordedStage,
  of: Readonly<Record<string, string>>,
): Promise<void> {
  const fileSystem = run.fileSystem ?? nodeFileSystem;
  const record = await readStageRecord(run, stage, fileSystem);
  if (record === undefined || Object.keys(of).every((key) => record.of[key] === of[key])) return;
  const stamp = new Date().toISOString().replaceAll(/[-:]/g, '');
  for (const output of record.outputs) {
    if (output.kept === true || (await compareWithRecord(run, output)) !== 'sound') continue;
    const file = path.join(run.directory, output.path);
    await fileSystem.rename(file, `${file}.superseded-${stamp}`);
    await syncFolder(fileSystem, path.dirname(file));
  }
}
