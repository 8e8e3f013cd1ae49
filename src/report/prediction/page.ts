import * as fs from 'node:fs';
import * as path from 'node:path';
import { pathsOf } from '../../prediction/paths.ts';
import type { ReadPredictionReport } from '../../prediction/report-schema.ts';
import { fitWithin } from '../page/fit.ts';
import { readExecutions, type Execution } from '../timeline/executions.ts';
import { buildPredictionData, namedRequest } from './build.ts';
import { PREDICTION_LIMITS } from './limits.ts';
import { readContigs, type ContigSample } from './read-contigs.ts';

/** The page of a prediction, in the calling thread. */
export async function predictionPage(
  template: string,
  directory: string,
  report: ReadPredictionReport,
  madeAt: Date,
): Promise<string> {
  const notes: string[] = [];
  const contigs = await contigsOf(directory, report, notes);
  const executions = executionsOf(directory, notes);
  const exists = (file: string) => fs.existsSync(path.join(directory, file));
  const sources = { directory, madeAt, report, contigs, executions, exists, notes };
  return fitWithin(template, PREDICTION_LIMITS, (limits) => buildPredictionData(sources, limits));
}

/** A page without its contigs still is worth having. */
async function contigsOf(directory: string, report: ReadPredictionReport, notes: string[]): Promise<ContigSample> {
  try {
    const request = namedRequest(report);
    const files = report.predictions.map((one) => pathsOf(request, one).contigs);
    return await readContigs(directory, files, PREDICTION_LIMITS.contigs);
  } catch (error) {
    notes.push(`the contigs were not read: ${(error as Error).message}`);
    return { total: 0, viral: 0, contigs: [] };
  }
}

function executionsOf(directory: string, notes: string[]): Execution[] {
  try {
    return readExecutions(directory);
  } catch (error) {
    notes.push(`earlier predictions were not read: ${(error as Error).message}`);
    return [];
  }
}
