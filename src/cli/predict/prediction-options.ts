import * as path from 'node:path';
import type { PredictionOptions } from '../../client/index.ts';
import { FailureType } from '../../contract/failure-types.ts';
import type { EmbedderRequest } from '../../contract/run-request.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { inputStem } from '../../sequences/index.ts';
import { embedderRequests, withRandomInit, type EmbedderFlags } from '../session/embedder-requests.ts';
import { requestFlags } from '../session/folder-flags.ts';
import type { PredictFlags } from './predict-flags.ts';

const NUCLEOTIDE_FLAGS: EmbedderFlags = { embedder: '--nucleotide-embedder', option: '--nucleotide-option' };
const PROTEIN_FLAGS: EmbedderFlags = { embedder: '--protein-embedder', option: '--protein-option' };

/**
 * The request that the arguments stand for.
 *
 * @param inputs paths as given; made absolute here
 * @param out as {@link outputFolder} gives it
 * @throws VirnucproError `RunError.InvalidInput`
 */
export function predictionOptions(inputs: readonly string[], out: string, flags: PredictFlags): PredictionOptions {
  const { expectedLength, keepIntermediate } = flags;
  const [nucleotideEmbedder, proteinEmbedder] = embeddersOf(flags);
  return {
    directory: path.resolve(out),
    inputs: inputs.map((input) => path.resolve(input)),
    model: path.resolve(flags.model),
    nucleotideEmbedder,
    proteinEmbedder,
    ...(expectedLength === undefined ? {} : { expectedLength }),
    ...(keepIntermediate === undefined ? {} : { keepIntermediate }),
    ...requestFlags(flags),
  };
}

/**
 * The folder that was named, otherwise `{stem}_predictions` for the one input.
 *
 * @throws VirnucproError `RunError.InvalidInput` if it has to be named
 */
export function outputFolder(inputs: readonly string[], { out, outputDir }: PredictFlags): string {
  if (out !== undefined && outputDir !== undefined && out !== outputDir) {
    throw invalid(`--out ${out} and --output-dir ${outputDir} are two names of one option: give one of them`);
  }
  const named = out ?? outputDir;
  if (named !== undefined) return named;
  const [input = '-', ...others] = inputs;
  if (input === '-') throw invalid('the name of the output folder cannot be taken from stdin: name it with --out');
  if (others.length > 0) throw invalid(`${inputs.length} inputs: name the output folder with --out`);
  return `${inputStem(path.basename(path.resolve(input)))}_predictions`;
}

function embeddersOf(flags: PredictFlags): [nucleotide: EmbedderRequest, protein: EmbedderRequest] {
  const sides = [
    ...embedderRequests([flags.nucleotideEmbedder], flags.nucleotideOption, NUCLEOTIDE_FLAGS),
    ...embedderRequests([flags.proteinEmbedder], flags.proteinOption, PROTEIN_FLAGS),
  ];
  const named = `${NUCLEOTIDE_FLAGS.embedder} or ${PROTEIN_FLAGS.embedder}`;
  return (flags.randomInit === true ? withRandomInit(sides, named) : sides) as [EmbedderRequest, EmbedderRequest];
}

function invalid(message: string): VirnucproError {
  return new VirnucproError(FailureType.RunInvalidInput, message);
}
