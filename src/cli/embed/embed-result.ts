import * as path from 'node:path';
import { outcomeOfFailure, type Outcome, type RunOutcome } from '../../contract/outcome.ts';
import type { RunReport } from '../../run/report.ts';
import { REPORT } from '../../run/run-folder.ts';
import { countSkipped } from '../../run/skipped-sequences.ts';
import { exitCodeOf, messageOf, typeOf } from '../exit.ts';
import { secondsSince, type Ending } from '../session/ending.ts';
import { errorOfOutcome, type DocumentError } from '../session/error-of-outcome.ts';
import { reportOfEnd } from '../session/report-of-end.ts';

/** The list in `--json` is cut here; report.json has all. */
const MAX_LISTED_CHECKPOINTS = 1000;

type Counts = Pick<RunOutcome, 'tasks' | 'found' | 'embedded' | 'failed' | 'skipped' | 'skippedSequences' | 'rows'>;

/** `embed --json`, for every exit. */
export interface EmbedResult extends Counts {
  schema: 1;
  /** `started` after `--detach`; null when the command was ended by SIGTERM and the run is still open. */
  outcome: Outcome | 'started' | null;
  exitCode: number;
  workflowId: string | null;
  checkpoints: { path: string; result: string; reason?: string; skippedSequences?: number }[];
  seconds: number;
  error?: DocumentError;
}

const NO_COUNTS: Counts = { tasks: 0, found: 0, embedded: 0, failed: 0, skipped: 0, skippedSequences: 0, rows: 0 };

/** The result of a run that has ended, with its checkpoints from report.json. */
export async function resultOfRun(outDir: string, outcome: RunOutcome, ending: Ending): Promise<EmbedResult> {
  const report = await reportOfEnd<RunReport>(path.resolve(outDir), outcome, ending);
  // A cancelled workflow has no result to carry its counts.
  const { tasks, found, embedded, failed, skipped, skippedSequences, rows } =
    outcome.outcome === 'cancelled' ? (report ?? outcome) : outcome;
  const error = errorOfOutcome(outcome, report);
  return {
    schema: 1,
    outcome: outcome.outcome,
    exitCode: outcome.exitCode,
    workflowId: ending.workflowId,
    tasks,
    found,
    embedded,
    failed,
    skipped,
    skippedSequences,
    rows,
    checkpoints: (report?.checkpoints ?? []).slice(0, MAX_LISTED_CHECKPOINTS).map((one) => ({
      path: path.join(outDir, one.path),
      result: one.result,
      ...(one.reason === undefined ? {} : { reason: one.reason }),
      ...(one.skippedSequences === undefined ? {} : { skippedSequences: one.skippedSequences }),
    })),
    seconds: secondsSince(ending.startedAt),
    ...(error === undefined ? {} : { error }),
  };
}

/** The result of a command that ended with an error of its own. */
export function resultOfError(error: unknown, ending: Ending): EmbedResult {
  const type = typeOf(error);
  return {
    schema: 1,
    outcome: outcomeOfFailure(type),
    exitCode: exitCodeOf(error),
    workflowId: ending.workflowId,
    ...NO_COUNTS,
    checkpoints: [],
    seconds: secondsSince(ending.startedAt),
    error: { type, message: messageOf(error) },
  };
}

/** The result of a command that leaves its run open. */
export function resultOfLeaving(
  outcome: 'started' | 'cancelled' | null,
  exitCode: number,
  ending: Ending,
): EmbedResult {
  const seconds = secondsSince(ending.startedAt);
  return { schema: 1, outcome, exitCode, workflowId: ending.workflowId, ...NO_COUNTS, checkpoints: [], seconds };
}

/** What people read on stdout. */
export function describeResult(result: EmbedResult, outDir: string): string {
  const { outcome, tasks, found, embedded, failed, skipped, skippedSequences, rows, seconds } = result;
  const counts = `${tasks} checkpoints: ${found} found, ${embedded} embedded, ${failed} failed, ${skipped} skipped; ${rows} rows${countSkipped(skippedSequences)} in `;
  const lines = [`${outcome ?? 'left open'}: ${tasks === 0 ? 'after ' : counts}${seconds.toFixed(1)} s`];
  if (result.error !== undefined) lines.push(`${result.error.type}: ${result.error.message}`);
  const holes = result.checkpoints.filter((one) => one.reason !== undefined);
  for (const hole of holes.slice(0, 10)) lines.push(`  ${hole.result} ${hole.path}: ${hole.reason ?? ''}`);
  if (holes.length > 10) lines.push(`  … and ${holes.length - 10} more`);
  if (outcome === 'success') lines.push(`checkpoints and ${REPORT} are in ${outDir}`);
  if (outcome === 'partial' || outcome === 'checkpoint') lines.push(`everything is in ${path.join(outDir, REPORT)}`);
  return `${lines.join('\n')}\n`;
}
