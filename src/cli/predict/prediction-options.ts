import * as path from 'node:path';
import type { PredictionOptions } from '../../client/index.ts';
import { FailureType } from '../../contract/failure-types.ts';
import type { EmbedderRequest } from '../../contract/run-request.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { inputStem } from '../../sequences/index.ts';
import { embedderRequests, withRandomInit } from '../session/embedder-requests.ts';
import { requestFlags } from '../session/folder-flags.ts';
import type { PredictFlags } from './predict-flags.ts';

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
    ...embedderRequests([flags.nucleotideEmbedder], flags.nucleotideOption, '--nucleotide-option'),
    ...embedderRequests([flags.proteinEmbedder], flags.proteinOption, '--protein-option'),
  ];
  const named = '--nucleotide-embedder or --protein-embedder';
  return (flags.randomInit === true ? withRandomInit(sides, named) : sides) as [EmbedderRequest, EmbedderRequest];
}

function invalid(message: string): VirnucproError {
  return new VirnucproError(FailureType.RunInvalidInput, message);
}
