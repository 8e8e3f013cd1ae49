import * as path from 'node:path';
import { pathsOf, type NamedRequest } from '../../prediction/paths.ts';
import type { ReadPredictionReport } from '../../prediction/report-schema.ts';
import { REPORT } from '../../run/run-folder.ts';
import { shown } from '../page/text.ts';
import type { Execution } from '../timeline/executions.ts';
import { predictionEnvironment, predictionSummary } from './facts.ts';
import type { PredictionLimits } from './limits.ts';
import { linkTo } from './links.ts';
import type {
  ContigRow,
  ContigTable,
  EmbeddingRow,
  FailureRow,
  FileRow,
  InputRow,
  Link,
  PredictionPageData,
} from './page-data.ts';
import type { ContigLine, ContigSample } from './read-contigs.ts';
import { stageSums, stageTimeline, workOf, type ReadPrediction } from './stages.ts';

const PAGE = 'report.html';

/** Everything that the page of a prediction is made from. */
export interface PredictionSources {
  directory: string;
  madeAt: Date;
  report: ReadPredictionReport;
  contigs: ContigSample;
  executions: readonly Execution[];
  /** Whether there is a file of that path, relative to the folder. */
  exists: (file: string) => boolean;
  notes: readonly string[];
}

/** What the parts of a page share. */
interface Context {
  limits: PredictionLimits;
  notes: string[];
  /** Inputs that are listed, by their positions in the report; a row names one by its position here. */
  listed: readonly number[];
}

/** What the page of a prediction shows, within limits; what is cut is among its notes. */
export function buildPredictionData(sources: PredictionSources, limits: PredictionLimits): PredictionPageData {
  const { report, directory } = sources;
  const notes = [...report.notes.map((note) => shown(note, limits.reason)), ...sources.notes];
  const context: Context = { limits, notes, listed: listedInputs(report, limits, notes) };
  const timeline = stageTimeline(report, context.listed, limits, notes);
  const files = fileRows(report, context);
  return {
    ...{ version: 1, kind: 'prediction' },
    title: shown(path.basename(directory), limits.name),
    directory: shown(directory, limits.reason),
    madeAt: sources.madeAt.toISOString(),
    summary: predictionSummary(report, limits),
    names: context.listed.map((at) => shown(report.predictions[at]?.stem ?? '', limits.name)),
    inputs: context.listed.map((at, name) => inputRow(name, report.predictions[at]!, sources, limits)),
    inputsTotal: report.predictions.length,
    ...(timeline && { timeline }),
    stages: stageSums(report.predictions),
    ...(report.scores && { scores: report.scores }),
    contigs: contigTable(sources.contigs, context),
    failures: failureRows(report, context),
    embeddings: embeddingRows(sources, context),
    files: files.slice(0, limits.files),
    filesTotal: files.length,
    environment: predictionEnvironment(report, directory, { limits, notes }),
    executions: sources.executions.slice(-limits.executions).map(({ workflowRunId, ...execution }) => ({
      ...execution,
      isThis: workflowRunId === report.workflowRunId,
    })),
    notes: [...new Set(notes)],
  };
}

/** Those that are not complete must not be cut; the others stay in their order. */
function listedInputs({ predictions }: ReadPredictionReport, limits: PredictionLimits, notes: string[]): number[] {
  const all = predictions.map((_, at) => at);
  if (all.length <= limits.inputs) return all;
  notes.push(
    `inputs: ${limits.inputs.toLocaleString('en-US')} of ${all.length.toLocaleString('en-US')} are listed, those that are not complete first; report.json has all`,
  );
  const isComplete = (at: number) => Number(predictions[at]?.result === 'predicted');
  return all.toSorted((a, b) => isComplete(a) - isComplete(b) || a - b).slice(0, limits.inputs);
}

function inputRow(name: number, one: ReadPrediction, sources: PredictionSources, limits: PredictionLimits): InputRow {
  const { input, result, reason, contigs, viralContigs, chunks, viralChunks, sequences, letters } = one;
  const work = workOf(one).filter(({ isNow }) => isNow);
  return {
    ...{ name, path: shown(input, limits.name), result },
    ...(reason !== undefined && { reason: shown(reason, limits.reason) }),
    ...{ contigs, viralContigs, chunks, viralChunks, sequences, letters },
    seconds: work.reduce((sum, { seconds }) => sum + seconds, 0),
    links: resultLinks(one, sources),
  };
}

function resultLinks({ stem }: ReadPrediction, { report, exists }: PredictionSources): Link[] {
  const names = pathsOf(namedRequest(report), { stem });
  const files: [file: string, text: string][] = [
    [names.contigs, 'contigs'],
    [names.highestScore, 'chunks'],
    [names.results, 'sequences'],
  ];
  return files.flatMap(([file, text]) => (exists(file) ? [linkTo(file, text)] : []));
}

/** What the names of files follow from; where there is nothing to name, any will do. */
export function namedRequest({ settings }: ReadPredictionReport): NamedRequest {
  const { expectedLength = 0, nucleotide = { suffix: '' }, protein = { suffix: '' } } = settings ?? {};
  return { expectedLength, nucleotide, protein };
}

function contigTable({ total, viral, contigs }: ContigSample, { limits, notes, listed }: Context): ContigTable {
  const names = new Map(listed.map((at, name) => [at, name]));
  const known = contigs.filter(({ input }) => names.has(input));
  const rows = known.slice(0, limits.contigs).map((line) => contigRow(line, names.get(line.input) ?? -1, limits));
  if (rows.length < total) {
    notes.push(
      `contigs: ${rows.length.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} are listed, viral ones first; the files prediction_results_contigs.tsv have all`,
    );
  }
  return { total, viral, rows };
}

function contigRow(line: ContigLine, name: number, limits: PredictionLimits): ContigRow {
  const { contig, call, length, chunks, classified, viral, mean = -1, max = -1 } = line;
  const counts = [length, chunks, classified, viral] as const;
  return [name, shown(contig, limits.name), call, ...counts, significant(mean), significant(max)];
}

function significant(value: number): number {
  return Number(value.toPrecision(5));
}

function failureRows({ failures }: ReadPredictionReport, { limits, notes }: Context): FailureRow[] {
  if (failures.length > limits.failures) {
    notes.push(
      `failures: the first ${limits.failures} of ${failures.length.toLocaleString('en-US')}; report.json has more`,
    );
  }
  return failures.slice(0, limits.failures).map(({ path: file, reason }) => ({
    path: shown(file, limits.name),
    reason: shown(reason, limits.reason),
  }));
}

function embeddingRows({ report, exists }: PredictionSources, { listed, limits }: Context): EmbeddingRow[] {
  return listed.flatMap((at, name) =>
    (report.predictions[at]?.embeddings ?? []).map((one): EmbeddingRow => {
      const { side, embedder, outcome, found, embedded, failed, rows, computed, seconds, inThisRun, directory } = one;
      const page = path.posix.join(directory, PAGE);
      const links = [page, path.posix.join(directory, REPORT)].filter(exists);
      return {
        ...{ name, side, embedder: shown(embedder, limits.name), outcome, found, embedded, failed, rows, computed },
        ...{ seconds, isNow: inThisRun },
        links: links.map((file) => linkTo(file, path.posix.basename(file))),
      };
    }),
  );
}

function fileRows({ predictions }: ReadPredictionReport, { listed, limits, notes }: Context): FileRow[] {
  const rows = listed.flatMap((at, name) =>
    (predictions[at]?.files ?? []).map(({ path: file, bytes, sha256 }) => {
      return { name, link: linkTo(file, shown(file, limits.name)), bytes, sha256 };
    }),
  );
  if (rows.length > limits.files) {
    notes.push(
      `files: the first ${limits.files.toLocaleString('en-US')} of ${rows.length.toLocaleString('en-US')}; report.json has all`,
    );
  }
  return rows;
}
