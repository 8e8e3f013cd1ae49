import { checkPredictionOptions } from '../../client/prepare-prediction.ts';
import type { PredictionOptions } from '../../client/index.ts';
import {
  checkPredictionRequest,
  draftPrediction,
  type DraftedInput,
  type DraftedPrediction,
} from '../../prediction/index.ts';
import { manifestOrNew } from '../session/manifest-or-new.ts';
import { plural, printable } from '../terminal.ts';

/** `predict --dry-run --json` */
export interface PredictDryRun extends DraftedPrediction {
  schema: 1;
  outcome: 'planned';
  exitCode: 0;
  message: string;
  expectedLength: number;
  sequencesPerFile: number;
  notes: string[];
}

/** Looks at inputs, classifier and folder in this process: starts nothing, writes nothing. */
export async function dryRun(options: PredictionOptions): Promise<PredictDryRun> {
  const signal = new AbortController().signal;
  const input = await checkPredictionOptions(options);
  const manifest = await manifestOrNew(options.directory);
  const { request } = await checkPredictionRequest(input, manifest, signal);
  const draft = await draftPrediction(options.directory, request, signal);
  const { expectedLength, sequencesPerFile, notes } = request;
  const message = describeDraft(draft);
  return { schema: 1, outcome: 'planned', exitCode: 0, message, expectedLength, sequencesPerFile, notes, ...draft };
}

function describeDraft({ inputs, tasks, found, bad, estimated }: DraftedPrediction): string {
  const about = estimated ? 'at most ' : '';
  const badText = bad === 0 ? '' : `, ${plural(bad, 'bad checkpoint')}`;
  return `${plural(inputs.length, 'input')}: found ${found} of ${about}${plural(tasks, 'checkpoint')}${badText}`;
}

/** What people read of a dry run. */
export function describeDryRun({ message, notes, inputs, expectedLength, sequencesPerFile }: PredictDryRun): string {
  const settings = `chunks of ${expectedLength} letters, ${plural(sequencesPerFile, 'sequence')} a file`;
  return `${[message, `  ${settings}`, ...notes.map((note) => `  ${printable(note)}`), ...inputs.flatMap(describeInput)].join('\n')}\n`;
}

function describeInput({ path, contigs, chunks, stages, embedding }: DraftedInput): string[] {
  return [
    `  ${printable(path)}  ${plural(contigs, 'contig')}, ${plural(chunks, 'chunk')}`,
    ...stages.map(
      ({ stage, state, detail }) =>
        `    ${state.padEnd(8)}${stage}${detail === undefined ? '' : `  (${printable(detail)})`}`,
    ),
    ...embedding.map(({ side, embedder, tasks, found, bad, estimated }) => {
      const about = estimated ? 'at most ' : '';
      const badText = bad === 0 ? '' : `, ${bad} bad`;
      return `    ${side}: ${embedder}, ${found} of ${about}${plural(tasks, 'checkpoint')} there${badText}`;
    }),
  ];
}
