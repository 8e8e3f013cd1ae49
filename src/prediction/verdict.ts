import { EXIT_CODES, outcomeOfFailure, type Offender, type Outcome } from '../contract/outcome.ts';
import type { FinishPredictionInput, PredictionOutcome } from '../contract/prediction.ts';
import { fitOutcome } from '../run/fit-outcome.ts';
import { offendersOf } from '../run/offenders.ts';
import { REPORT } from '../run/run-folder.ts';
import type { PredictionTally } from './tally.ts';

/** How a prediction ended, by what is on disk. */
export function judgePrediction(
  input: FinishPredictionInput,
  tally: PredictionTally,
  failures: readonly Offender[],
): PredictionOutcome {
  const { outcome, failureType, message } = verdict(input, tally);
  const { predicted, contigs, viralContigs, chunks, viralChunks, sequences } = tally;
  return fitOutcome({
    schema: 1,
    outcome,
    exitCode: EXIT_CODES[outcome],
    ...(failureType === undefined ? {} : { failureType }),
    inputs: tally.inputs.length,
    ...{ predicted, contigs, viralContigs, chunks, viralChunks, sequences },
    embedding: input.embedding,
    message,
    offenders: offendersOf(input.run.directory, input.failure, failures),
    report: REPORT,
  });
}

function verdict(
  input: FinishPredictionInput,
  tally: PredictionTally,
): { outcome: Outcome; failureType?: string; message: string } {
  if (input.cancelled === true) {
    const done = `${tally.predicted} of ${plural(tally.inputs.length, 'input')} predicted`;
    return { outcome: 'cancelled', message: `cancelled: ${done}; start again to go on` };
  }
  if (input.failure !== undefined) {
    const { type, message } = input.failure;
    return { outcome: outcomeOfFailure(type), failureType: type, message };
  }
  const holes = holesOf(tally);
  if (holes.length === 0 && !input.partial) return { outcome: 'success', message: callsOf(tally) };
  const without = holes.length === 0 ? '' : `; ${holes.join(', ')}`;
  return { outcome: 'partial', message: `finished with holes: ${callsOf(tally)}${without}; see ${REPORT}` };
}

/** `3 of 120 contigs are viral (17 of 950 chunks, 2 inputs)` */
function callsOf(tally: PredictionTally): string {
  const { contigs, viralContigs, chunks, viralChunks, inputs } = tally;
  const verb = viralContigs === 1 ? 'is' : 'are';
  const calls = `${viralContigs} of ${plural(contigs, 'contig')} ${verb} viral`;
  return `${calls} (${viralChunks} of ${plural(chunks, 'chunk')}, ${plural(inputs.length, 'input')}${whyNothing(tally)})`;
}

/** Nothing viral may mean that there was nothing to judge. */
function whyNothing({ sequences, missingParts }: PredictionTally): string {
  if (sequences > 0) return '';
  return missingParts > 0 ? '; nothing was classified' : '; no frame is free of stops';
}

function holesOf({ inputs, predicted, missingParts, missingSequences }: PredictionTally): string[] {
  const unfinished = inputs.length - predicted;
  return [
    ...(unfinished === 0 ? [] : [`${plural(unfinished, 'input')} without complete results`]),
    ...(missingParts === 0 ? [] : [`${plural(missingParts, 'part')} missing`]),
    ...(missingSequences === 0 ? [] : [`${plural(missingSequences, 'sequence')} missing`]),
  ];
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
