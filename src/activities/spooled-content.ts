import * as path from 'node:path';
import type { CheckpointContent } from '../checkpoint/types.ts';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import type { FileSystem } from '../platform/file-system.ts';
import { idsWithout, recordSkipped, type SkippedSequence } from '../run/skipped-sequences.ts';
import { readSkips, SpoolRows, type SpoolRowsOptions } from '../spool/index.ts';
import type { PublishTask } from './publish-task.ts';

/** What a finished spool makes of a task: rows, their ids, and what was skipped. */
export class SpooledContent implements CheckpointContent {
  readonly kind: CheckpointContent['kind'];
  readonly ids: readonly string[];
  readonly rows: SpoolRows;
  readonly skipped: readonly SkippedSequence[];

  private constructor(
    kind: CheckpointContent['kind'],
    ids: readonly string[],
    rows: SpoolRows,
    skipped: readonly SkippedSequence[],
  ) {
    this.kind = kind;
    this.ids = ids;
    this.rows = rows;
    this.skipped = skipped;
  }

  /**
   * @param ids of the whole task, in order
   * @throws VirnucproError `RunError.SpoolIncomplete`; `RunError.InvalidInput` if the skipped records are not of this input;
   *   errno errors and the abort reason
   */
  static async open(
    {
      spoolFolder,
      shape,
      segments,
      skips,
      kind,
    }: Pick<PublishTask, 'spoolFolder' | 'shape' | 'segments' | 'skips' | 'kind'>,
    ids: readonly string[],
    options: SpoolRowsOptions,
  ): Promise<SpooledContent> {
    const records = skips === undefined ? [] : await readSkips(spoolFolder, shape, skips, options);
    const skipped = records.map(({ ordinal, id, reason }) => ({ row: ordinal, id, reason }));
    const kept = idsWithout(ids, skipped);
    if (kept === undefined) {
      const message = `${spoolFolder}: the records that were skipped are not those of the input; start the run again`;
      throw new VirnucproError(FailureType.RunInvalidInput, message);
    }
    const ordinals = skipped.map(({ row }) => row);
    const rows = await SpoolRows.open(spoolFolder, shape, segments, { ...options, skipped: ordinals });
    return new SpooledContent(kind, kept, rows, skipped);
  }

  /** Makes durable what the checkpoint does without; nothing may be named before. */
  async record(checkpointFile: string, fileSystem: FileSystem): Promise<void> {
    if (this.skipped.length === 0) return;
    const [directory, name] = [path.dirname(checkpointFile), path.basename(checkpointFile)];
    await recordSkipped(directory, name, this.ids, this.skipped, fileSystem);
  }
}
