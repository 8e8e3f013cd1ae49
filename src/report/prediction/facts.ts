import type { ReadPredictionReport } from '../../prediction/report-schema.ts';
import { factsOf, MAX_VALUE, serverFacts, workerFacts } from '../page/facts.ts';
import type { Fact, FactGroup } from '../page/page-data.ts';
import { shown } from '../page/text.ts';
import type { PredictionLimits } from './limits.ts';
import { predictionSteps } from './next-steps.ts';
import type { PredictionSummary } from './page-data.ts';

export function predictionSummary(report: ReadPredictionReport, limits: PredictionLimits): PredictionSummary {
  const { outcome, exitCode, inputs, predicted, contigs, viralContigs, chunks, viralChunks, sequences } = report;
  const { embedding, startedAt, finishedAt, seconds, error, settings, classifier } = report;
  const embedders = settings && [settings.nucleotide.embedder.name, settings.protein.embedder.name];
  return {
    ...{ outcome, exitCode, inputs, predicted, contigs, viralContigs, chunks, viralChunks, sequences, embedding },
    ...{ message: shown(report.message, 2 * limits.reason), startedAt, finishedAt, seconds },
    ...(error && { error: { type: error.type, message: shown(error.message, 2 * limits.reason) } }),
    next: predictionSteps(report),
    ...(classifier && { classifier: shown(classifier.path, limits.name) }),
    embedders: (embedders ?? []).map((name) => shown(name, limits.name)),
    validationSkipped: report.validation === 'skipped',
  };
}

/** With what and where the prediction was made. */
export function predictionEnvironment(
  report: ReadPredictionReport,
  directory: string,
  context: { limits: PredictionLimits; notes: string[] },
): FactGroup[] {
  const { server, workers, finishedBy } = report;
  const known = workers.some(({ host, pid }) => host === finishedBy.host && pid === finishedBy.pid);
  return [
    predictionFacts(report, directory),
    ...classifierFacts(report),
    ...sideFacts(report),
    ...(server ? [serverFacts(server)] : []),
    ...workerFacts(known ? workers : [...workers, finishedBy], context),
  ];
}

function predictionFacts(report: ReadPredictionReport, directory: string): FactGroup {
  const { settings, runId, workflowId, workflowRunId, request, validation } = report;
  const facts: Fact[] = [
    ['folder', shown(directory, MAX_VALUE)],
    ['run', runId],
    ['workflow', shown(workflowId, MAX_VALUE)],
    ['execution', shown(workflowRunId, MAX_VALUE)],
    ...(request === undefined ? [] : [['request', request] satisfies Fact]),
    ['validation', validation === 'skipped' ? 'sizes of found files only' : 'every file and checkpoint'],
  ];
  if (settings !== undefined) {
    const { expectedLength, sequencesPerFile, batchSize, onBadCheckpoint, onBadSequence, keepIntermediate } = settings;
    facts.push(
      ['letters per chunk', expectedLength.toLocaleString('en-US')],
      ['sequences per file', sequencesPerFile.toLocaleString('en-US')],
      ['sequences per batch', batchSize?.toLocaleString('en-US') ?? 'as the embedder wants'],
      ['bad checkpoints', onBadCheckpoint],
      ['bad sequences', onBadSequence],
      ['split files', keepIntermediate ? 'kept' : 'removed after a success'],
    );
  }
  return { title: 'Prediction', facts };
}

function classifierFacts({ classifier }: ReadPredictionReport): FactGroup[] {
  if (classifier === undefined) return [];
  const { path, sha256, format, features, hidden, classes } = classifier;
  const layers = [features, hidden, classes].map((one) => one.toLocaleString('en-US')).join(' → ');
  const facts: Fact[] = [
    ['file', shown(path, MAX_VALUE)],
    ['SHA-256', sha256],
    ['format', format],
    ['layers', layers],
  ];
  return [{ title: 'Classifier', facts }];
}

function sideFacts({ settings }: ReadPredictionReport): FactGroup[] {
  if (settings === undefined) return [];
  return (['nucleotide', 'protein'] as const).map((side) => {
    const { embedder, dim, suffix } = settings[side];
    const facts: Fact[] = [
      ['embedder', shown(embedder.name, MAX_VALUE)],
      ['dimensions', dim.toLocaleString('en-US')],
      ['checkpoints', `output_N${shown(suffix, MAX_VALUE)}`],
      ['task queue', shown(embedder.taskQueue, MAX_VALUE)],
      ...factsOf(embedder.options).map(([name, value]): Fact => [`option ${name}`, value]),
    ];
    return { title: `${side === 'nucleotide' ? 'Nucleotide' : 'Protein'} side`, facts };
  });
}
