import type { ReadPredictionReport } from '../../prediction/report-schema.ts';
import { afterFailure } from '../page/next-steps.ts';
import { plural } from '../page/text.ts';

const AGAIN = 'Start the same command again: it goes on with what is missing.';

/** What to do where a prediction did not end in success, by outcome and failure type. */
export function predictionSteps(report: ReadPredictionReport): string[] {
  switch (report.outcome) {
    case 'success':
      return [];
    case 'partial':
      return afterPartial(report);
    case 'checkpoint':
      return [
        'Look at the failures below: each names a file and what is wrong with it.',
        `Put those files back from a copy, or move them away. ${AGAIN}`,
        'Or let the prediction decide: --on-bad-checkpoint recompute sets them aside and makes them anew.',
      ];
    case 'cancelled':
      return [`${AGAIN} Stages that have ended and rows of unfinished embeddings are kept.`];
    case 'failed':
      return afterFailure(report.failureType ?? '', AGAIN);
  }
}

function afterPartial({ embedding, inputs, predicted }: ReadPredictionReport): string[] {
  const { failed, skipped, skippedSequences } = embedding;
  const unfinished = inputs - predicted;
  return [
    ...(unfinished === 0
      ? []
      : [
          `${plural(unfinished, 'input')} ${unfinished === 1 ? 'has' : 'have'} no complete results: calls of contigs rest on the sequences that were classified.`,
        ]),
    ...(failed === 0
      ? []
      : [
          `${plural(failed, 'embedding checkpoint')} could not be made: the failures below and the reports of the embedding runs say why. Mend the cause. ${AGAIN}`,
        ]),
    ...(skipped === 0
      ? []
      : [
          `${plural(skipped, 'bad checkpoint')} ${skipped === 1 ? 'was' : 'were'} left as found. Start again with --on-bad-checkpoint recompute to set them aside and embed them anew.`,
        ]),
    ...(skippedSequences === 0
      ? []
      : [
          `${plural(skippedSequences, 'sequence')} ${skippedSequences === 1 ? 'is' : 'are'} in no checkpoint: failed_sequences.txt in the folders of the embedding runs lists them with the reasons.`,
        ]),
  ];
}
