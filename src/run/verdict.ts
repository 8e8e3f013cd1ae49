import type { FinishRunInput } from '../contract/activities.ts';
import { FailureType } from '../contract/failure-types.ts';
import { EXIT_CODES, outcomeOfFailure, type Offender, type Outcome, type RunOutcome } from '../contract/outcome.ts';
import { fitOutcome } from './fit-outcome.ts';
import { offendersOf } from './offenders.ts';
import type { Plan } from './plan.ts';
import { FAILED_FILES, FAILED_SEQUENCES, REPORT } from './run-folder.ts';
import { countSkipped } from './skipped-sequences.ts';
import type { Tally } from './tally.ts';

/** How a run ended, by what is on disk. */
export function judgeRun(input: FinishRunInput, plan: Plan | undefined, tally: Tally): RunOutcome {
  const { outcome, failureType, message } = verdict(input, tally);
  return fitOutcome({
    schema: 1,
    outcome,
    exitCode: EXIT_CODES[outcome],
    ...(failureType === undefined ? {} : { failureType }),
    tasks: plan?.tasks.length ?? 0,
    found: tally.found,
    embedded: tally.embedded,
    failed: tally.failed,
    skipped: tally.skipped,
    skippedSequences: tally.skippedSequences.length,
    rows: tally.rows,
    message,
    offenders: offendersOf(input.run.directory, input.failure, holesOf(tally)),
    report: REPORT,
  });
}

function verdict(input: FinishRunInput, tally: Tally): { outcome: Outcome; failureType?: string; message: string } {
  if (input.cancelled === true)
    return { outcome: 'cancelled', message: `cancelled: ${done(tally)}; start again to go on` };
  if (input.failure !== undefined) {
    const { type, message } = input.failure;
    return { outcome: outcomeOfFailure(type), failureType: type, message };
  }
  if (tally.bad !== undefined) {
    const { type, count } = tally.bad;
    const failureType = type === 'corrupted' ? FailureType.CheckpointCorrupted : FailureType.CheckpointIncompatible;
    const first = tally.checkpoints.find(({ result }) => result === 'failed');
    const message =
      `${count} bad checkpoint(s), first ${first?.path}: ${first?.reason}; mend or remove them, or start again with ` +
      '--force-resume (leaves them as they are) or --on-bad-checkpoint recompute';
    return { outcome: 'checkpoint', failureType, message };
  }
  if (tally.failed + tally.skipped + tally.skippedSequences.length > 0) {
    const lists = [
      ...(tally.failed + tally.skipped > 0 ? [FAILED_FILES] : []),
      ...(tally.skippedSequences.length > 0 ? [FAILED_SEQUENCES] : []),
    ];
    const message = `finished with holes: ${done(tally)}; see ${lists.join(', ')} and ${REPORT}`;
    return { outcome: 'partial', message };
  }
  return {
    outcome: 'success',
    message: `all ${tally.found + tally.embedded} checkpoints are complete: ${done(tally)}`,
  };
}

function done({ found, embedded, failed, skipped, skippedSequences }: Tally): string {
  return `${found} found, ${embedded} embedded, ${failed} failed, ${skipped} skipped${countSkipped(skippedSequences.length)}`;
}

function holesOf({ checkpoints }: Tally): Offender[] {
  return checkpoints.flatMap(({ path, reason }) => (reason === undefined ? [] : [{ path, reason }]));
}
