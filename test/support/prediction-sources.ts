import type { ReadPredictionReport } from '../../src/prediction/report-schema.ts';
import type { PredictionSources } from '../../src/report/prediction/build.ts';
import type { ContigLine } from '../../src/report/prediction/read-contigs.ts';

export interface SyntheticPrediction {
  inputs: number;
  /** Of all inputs together. */
  contigs: number;
  nameOf?: (input: number) => string;
  contigOf?: (contig: number) => string;
  /** Every so many inputs lack results, and one of their embeddings has failed. */
  troubleEvery?: number;
  /** Everything was there. */
  found?: boolean;
}

const STARTED = Date.parse('2026-01-02T03:04:05.000Z');
const DIGEST = '0123456789abcdef'.repeat(4);
const CHUNKS = 6;
const BINS = 20;

type Prediction = ReadPredictionReport['predictions'][number];

/** What the page of a prediction of any size that never was is made from. */
export function predictionSources(prediction: SyntheticPrediction): PredictionSources {
  const contigs = contigsOf(prediction);
  return {
    directory: '/runs/synthetic_predictions',
    madeAt: new Date(STARTED + 3_600_000),
    report: reportOf(prediction, contigs),
    contigs: { total: contigs.length, viral: contigs.filter(({ call }) => call === 'virus').length, contigs },
    executions: [],
    exists: () => true,
    notes: [],
  };
}

/** Scores that look like those of a classifier: most of them near one of the ends. */
function scoreOf(at: number): number {
  const spread = (Math.sin(at * 12.9898) * 43_758.5453) % 1;
  const low = Math.abs(spread) ** 3;
  return at % 9 < 2 ? 1 - low : low;
}

function contigsOf({ inputs, contigs, contigOf = (at) => `contig_${at}` }: SyntheticPrediction): ContigLine[] {
  const lines = Array.from({ length: contigs }, (_, at): ContigLine => {
    const about = { input: at % inputs, contig: contigOf(at), length: 400 + ((at * 977) % 60_000), chunks: CHUNKS };
    if (at % 50 === 49) {
      return { ...about, classified: 0, viral: 0, mean: undefined, max: undefined, call: 'unclassified' };
    }
    const mean = scoreOf(at);
    const viral = Math.round(mean * CHUNKS);
    const call = 2 * viral >= CHUNKS ? 'virus' : 'others';
    return { ...about, classified: CHUNKS, viral, mean, max: Math.min(1, mean * 1.1), call };
  });
  const order = { virus: 0, others: 1, unclassified: 2 };
  return lines.toSorted((a, b) => order[a.call] - order[b.call] || (b.mean ?? -1) - (a.mean ?? -1));
}

function histogramOf(scores: readonly { score: number; isVirus: boolean }[]) {
  const empty = () => Array.from({ length: BINS }, () => 0);
  const histogram = { virus: empty(), others: empty() };
  for (const { score, isVirus } of scores) {
    const bins = isVirus ? histogram.virus : histogram.others;
    const bin = Math.min(BINS - 1, Math.floor(score * BINS));
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return histogram;
}

function reportOf(prediction: SyntheticPrediction, contigs: readonly ContigLine[]): ReadPredictionReport {
  const predictions = Array.from({ length: prediction.inputs }, (_, at) => predictionOf(at, prediction, contigs));
  const sum = (of: (one: Prediction) => number) => predictions.reduce((total, one) => total + of(one), 0);
  const embeddings = predictions.flatMap((one) => one.embeddings);
  const total = (key: 'tasks' | 'found' | 'embedded' | 'failed' | 'rows') =>
    embeddings.reduce((all, one) => all + one[key], 0);
  const missing = predictions.filter(({ result }) => result !== 'predicted').length;
  const rows = sum(({ sequences }) => sequences);
  const sequences = Array.from({ length: Math.min(rows, 5000) }, (_, at) => scoreOf(at * 7 + 1));
  const classified = contigs.filter(({ mean }) => mean !== undefined);
  const fake = (dim: number) => ({
    ...{ embedder: { name: 'fake', options: { dim: String(dim) }, taskQueue: 'virnucpro-gpu-fake' } },
    ...{ dim, kind: 'vectors', suffix: '_FAKE.pt' },
  });
  return {
    ...{ schema: 1, kind: 'prediction', outcome: missing > 0 ? 'partial' : 'success', exitCode: missing > 0 ? 2 : 0 },
    ...{ inputs: predictions.length, predicted: predictions.length - missing, contigs: contigs.length },
    viralContigs: sum(({ viralContigs }) => viralContigs),
    chunks: sum(({ chunks }) => chunks),
    viralChunks: sum(({ viralChunks }) => viralChunks),
    sequences: rows,
    embedding: {
      ...{ tasks: total('tasks'), found: total('found'), embedded: total('embedded'), failed: total('failed') },
      ...{ skipped: 0, skippedSequences: 0, rows: total('rows') },
    },
    ...{
      message: 'synthetic',
      report: 'report.json',
      runId: 'run',
      workflowId: 'virnucpro-predict',
      workflowRunId: 'x',
    },
    startedAt: new Date(STARTED).toISOString(),
    finishedAt: new Date(STARTED + 60_000 * predictions.length + 20_000).toISOString(),
    ...{ seconds: 60 * predictions.length + 20, validation: 'structure', request: DIGEST, predictions },
    settings: {
      ...{ expectedLength: 500, sequencesPerFile: 10_000, nucleotide: fake(768), protein: fake(2560) },
      ...{ onBadCheckpoint: 'fail', onBadSequence: 'fail', keepIntermediate: false, batchSize: null },
    },
    classifier: {
      ...{ path: '/models/500_model.pth', sha256: DIGEST, format: 'module', features: 3328, hidden: 512, classes: 2 },
    },
    scores: {
      sequences: histogramOf(sequences.map((score) => ({ score, isVirus: score > 0.5 }))),
      contigs: histogramOf(classified.map(({ mean = 0, call }) => ({ score: mean, isVirus: call === 'virus' }))),
    },
    failures: predictions.flatMap(({ reason, stem }) =>
      reason === undefined ? [] : [{ path: `${stem}_protein/output_1_FAKE.pt`, reason }],
    ),
    ...{ notes: [], server: { address: 'localhost:7233', namespace: 'default' }, workers: [worker(1), worker(2)] },
    finishedBy: worker(2),
  };
}

function worker(pid: number): ReadPredictionReport['finishedBy'] {
  return {
    ...{ host: `node-${pid}`, pid, startedAt: new Date(STARTED).toISOString(), package: '0.1.0', node: 'v20.0.0' },
    platform: 'Linux 6 x64',
  };
}

function predictionOf(at: number, of: SyntheticPrediction, all: readonly ContigLine[]): Prediction {
  const { nameOf = (input) => `sample_${String(input).padStart(4, '0')}`, troubleEvery = 0, found = false } = of;
  const stem = nameOf(at);
  const mine = all.filter(({ input }) => input === at);
  const isBad = troubleEvery > 0 && at % troubleEvery === 1;
  const [chunks, sequences] = [mine.length * CHUNKS, mine.length * CHUNKS * 2];
  const begin = STARTED + 2000 + at * 60_000;
  return {
    ...{ input: `/data/${stem}.fa`, stem, sha256: DIGEST, result: isBad ? 'partial' : 'predicted' },
    ...(isBad && { reason: 'part 1 has no protein embeddings: record "x" cannot be embedded' }),
    ...{ contigs: mine.length, emptyContigs: 0, letters: mine.reduce((sum, { length }) => sum + length, 0) },
    viralContigs: mine.filter(({ call }) => call === 'virus').length,
    ...{ chunks, viralChunks: mine.reduce((sum, { viral }) => sum + viral, 0), sequences },
    stages: [
      stage('chunking', begin, 0.4, chunks, found),
      stage('translating', begin + 500, 1.2, sequences, found),
      stage('splitting', begin + 1800, 0.3, sequences, found),
      stage('merging', begin + 50_000, 2.1, sequences, found),
      stage('classifying', begin + 53_000, 3.4, sequences, found),
      stage('consensus', begin + 56_500, 0.2, sequences, found),
    ],
    embeddings: [
      embedding('nucleotide', stem, begin + 2500, 12, sequences, found, false),
      embedding('protein', stem, begin + 2500, 46, sequences, found, isBad),
    ],
    files: [`${stem}_chunked500.fa`, `${stem}_nucleotide.fa`, `${stem}_merged/prediction_results.txt`].map((path) => ({
      ...{ path, bytes: 12_345, sha256: DIGEST },
    })),
  };
}

function stage(
  name: Prediction['stages'][number]['stage'],
  begin: number,
  seconds: number,
  rows: number,
  found: boolean,
): Prediction['stages'][number] {
  const startedAt = new Date(begin).toISOString();
  return { stage: name, outcome: found ? 'found' : 'written', startedAt, seconds, rows, host: 'node-1', pid: 1 };
}

function embedding(
  side: 'nucleotide' | 'protein',
  stem: string,
  begin: number,
  seconds: number,
  rows: number,
  found: boolean,
  failed: boolean,
): Prediction['embeddings'][number] {
  const computed = found || failed ? 0 : rows;
  return {
    ...{ side, directory: `${stem}_${side}`, report: `${stem}_${side}/report.json`, embedder: 'fake' },
    ...{ outcome: failed ? 'partial' : 'success', runId: 'r', workflowId: 'w', seconds, computed, inThisRun: !found },
    startedAt: new Date(begin).toISOString(),
    finishedAt: new Date(begin + seconds * 1000).toISOString(),
    ...{ tasks: 1, found: found ? 1 : 0, embedded: found || failed ? 0 : 1, failed: failed ? 1 : 0, skipped: 0 },
    ...{ skippedSequences: 0, rows: failed ? 0 : rows },
  };
}
