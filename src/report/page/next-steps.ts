import type { ReadReport } from '../../run/report-schema.ts';
import { plural } from './text.ts';

const AGAIN = 'Start the same command again: it embeds only what is missing.';

/** What to do where a run did not end in success, by outcome and failure type. */
export function nextSteps(report: ReadReport): string[] {
  switch (report.outcome) {
    case 'success':
      return [];
    case 'partial':
      return afterPartial(report);
    case 'checkpoint':
      return [
        'Look at the failures below: each names a checkpoint and what is wrong with it.',
        'Remove those checkpoints or put them back from a copy, and start the same command again.',
        'Or let the run decide: --on-bad-checkpoint recompute sets them aside and embeds them anew; --force-resume leaves them as they are and embeds the rest.',
      ];
    case 'cancelled':
      return [`${AGAIN} Rows of unfinished files are kept and are not computed again.`];
    case 'failed':
      return afterFailure(report.failureType ?? '', AGAIN);
  }
}

function afterPartial({ failed, skipped, skippedSequences }: ReadReport): string[] {
  const steps: string[] = [];
  if (failed > 0) {
    steps.push(
      `${plural(failed, 'checkpoint')} could not be made: failed_files.txt lists them with the reasons, and so do the failures below.`,
      `Mend those inputs or leave them out. ${AGAIN}`,
      'Where single sequences are at fault, --on-bad-sequence skip goes on without them.',
    );
  }
  if (skipped > 0) {
    steps.push(
      `${plural(skipped, 'bad checkpoint')} ${skipped === 1 ? 'was' : 'were'} left as found. Start again with --on-bad-checkpoint recompute to set them aside and embed them anew.`,
    );
  }
  if (skippedSequences > 0) {
    steps.push(
      `${plural(skippedSequences, 'sequence')} ${skippedSequences === 1 ? 'is' : 'are'} in no checkpoint: failed_sequences.txt lists them with the reasons.`,
    );
  }
  return steps;
}

/** @param again what the same command does when it is started again */
export function afterFailure(type: string, again: string): string[] {
  if (type.startsWith('RunError.InvalidInput')) {
    return ['Correct what the message names, then start the same command again.'];
  }
  if (type.startsWith('CheckpointError.Unavailable')) {
    return [
      'The storage of the run folder could not be read or written. Run virnucpro doctor on the worker, see to the storage, then start the same command again.',
    ];
  }
  return [
    'Read the message above; the log of the worker says more.',
    `${again} Rows of unfinished files are kept and are not computed again.`,
  ];
}
