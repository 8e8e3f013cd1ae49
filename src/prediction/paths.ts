import * as path from 'node:path';
import { INTERNAL_FOLDER } from '../run/run-folder.ts';
import { outputName } from '../sequences/index.ts';
import type { PredictionInputFile, PredictionRequest, PredictionSide } from './request.ts';

/** Stages that write files of their own, and so a record of them; embedding has the run folders of its children. */
export type RecordedStage = 'chunking' | 'translating' | 'splitting' | 'merging' | 'classifying' | 'consensus';

export type SideName = 'nucleotide' | 'protein';

/** Names of one input in DIR, as VirNucPro writes them. All are relative to DIR, with `/`. */
export interface PredictionPaths {
  /** `{stem}_chunked{L}.fa` */
  chunked: string;
  /** `{stem}_nucleotide.fa` */
  nucleotide: string;
  /** `{stem}_protein.faa` */
  protein: string;
  /** `{stem}_merged` */
  merged: string;
  /** `{stem}_merged/prediction_results.txt` */
  results: string;
  /** `{stem}_merged/prediction_results_highestscore.csv` */
  highestScore: string;
  /** `{stem}_merged/prediction_results_contigs.tsv` */
  contigs: string;
  /** `{stem}_nucleotide` or `{stem}_protein`: the run folder of that side */
  side(side: SideName): string;
  /** `{stem}_nucleotide/output_3.fa`, from 1 */
  split(side: SideName, part: number): string;
  /** `{stem}_nucleotide/output_3_DNABERT_S.pt`, from 1 */
  checkpoint(side: SideName, part: number): string;
  /** `{stem}_merged/output_3_merged.pt`, from 1 */
  mergedPart(part: number): string;
  /** `.virnucpro/stages/{stem}.{stage}.json` */
  record(stage: RecordedStage): string;
  /** `.virnucpro/stages/{stem}.splits-found.json`: split files that were there first */
  foreignSplits: string;
}

/** What names depend on, so that they can be made before there is a request. */
export type NamedRequest = Pick<PredictionRequest, 'expectedLength'> & Record<SideName, Pick<PredictionSide, 'suffix'>>;

/** Every file name of an input; made nowhere else. */
export function pathsOf(request: NamedRequest, { stem }: Pick<PredictionInputFile, 'stem'>): PredictionPaths {
  const merged = mergedFolder(stem);
  const inMerged = (name: string): string => path.posix.join(merged, name);
  const inSide = (side: SideName, name: string): string => path.posix.join(sideFolder(stem, side), name);
  return {
    chunked: `${stem}_chunked${request.expectedLength}.fa`,
    nucleotide: `${stem}_nucleotide.fa`,
    protein: `${stem}_protein.faa`,
    merged,
    results: inMerged('prediction_results.txt'),
    highestScore: inMerged('prediction_results_highestscore.csv'),
    contigs: inMerged('prediction_results_contigs.tsv'),
    side: (side) => sideFolder(stem, side),
    split: (side, part) => inSide(side, splitName(part)),
    checkpoint: (side, part) => inSide(side, outputName(partStem(part), undefined, request[side].suffix)),
    mergedPart: (part) => inMerged(outputName(partStem(part), undefined, '_merged.pt')),
    foreignSplits: path.posix.join(STAGES_FOLDER, `${stem}.splits-found.json`),
    record: (stage) => path.posix.join(STAGES_FOLDER, `${stem}.${stage}.json`),
  };
}

/** Records of stages, relative to DIR. */
export const STAGES_FOLDER = path.posix.join(INTERNAL_FOLDER, 'stages');

/** `{stem}_nucleotide` or `{stem}_protein`, relative to DIR. */
export function sideFolder(stem: string, side: SideName): string {
  return `${stem}_${side}`;
}

/** `{stem}_merged`, relative to DIR. */
export function mergedFolder(stem: string): string {
  return `${stem}_merged`;
}

const CHECKPOINT_NAME = /^output_([1-9][0-9]*)_.*\.pt$/u;

/** @returns the number of the part that a checkpoint of any embedder, or a merged one, is of */
export function checkpointNumber(name: string): number | undefined {
  const digits = name.includes('.bad-') ? undefined : CHECKPOINT_NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

const SPLIT_NAME = /^output_([1-9][0-9]*)\.fa$/u;

/** @returns the number of a split file, undefined for any other name */
export function splitNumber(name: string): number | undefined {
  const digits = SPLIT_NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function splitName(part: number): string {
  return `${partStem(part)}.fa`;
}

function partStem(part: number): string {
  return `output_${part}`;
}
