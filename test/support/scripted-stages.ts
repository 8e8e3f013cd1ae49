import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { CheckCompatibilityInput, VirnucproActivities } from '../../src/contract/activities.ts';
import { EXIT_CODES, outcomeOfFailure, type RunOutcome } from '../../src/contract/outcome.ts';
import type {
  CheckedPrediction,
  FinishPredictionInput,
  PredictionActivities,
  PredictionOutcome,
  PredictionTuning,
  PredictVirusInput,
  SideRun,
} from '../../src/contract/prediction.ts';

type Activities = VirnucproActivities & PredictionActivities;

/** What an activity is asked for: the name, and the input or the side that it is about. */
export type Call = string;

export interface PredictionScript {
  inputs?: number;
  /** Frames free of stops of each input. @default 7 */
  sequences?: number;
  tuning?: PredictionTuning;
  /** Instead of what an activity does otherwise, by {@link Call}, e.g. `mergeEmbeddings 1` or `finishRun s0_protein`. */
  on?: Readonly<Record<Call, (input: unknown) => unknown>>;
}

const TUNING: Required<PredictionTuning> = {
  // Most scripted activities never beat: on a busy machine they must not be tried twice.
  heartbeatTimeoutMs: 60_000,
  partitionSize: 1,
  maxInFlight: 1,
  openPartitions: 1,
  partitionsPerExecution: 10,
  openInputs: 2,
  inputsPerExecution: 100,
};

/** A prediction whose activities do what a test says: the workflows alone are real. */
export class ScriptedPrediction {
  /** That have begun, in order; ` ended` is added when they end, however they do. */
  readonly calls: Call[] = [];
  finished: FinishPredictionInput | undefined;
  readonly #script: PredictionScript;
  readonly #directory: string;

  constructor(directory: string, script: PredictionScript) {
    this.#directory = directory;
    this.#script = script;
  }

  get input(): PredictVirusInput {
    const { tuning = {} } = this.#script;
    const fast = { heartbeatTimeoutMs: TUNING.heartbeatTimeoutMs, ...tuning };
    return { contract: 1, directory: this.#directory, inputs: ['/in'], model: '/model.pth', tuning: fast };
  }

  /** Workflow ids follow from run ids, which are made from the number of the input. */
  side(index: number, side: 'nucleotide' | 'protein'): SideRun {
    const run = [...this.#directory].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7);
    const head = run.toString(16).padStart(8, '0');
    const runId = `${head}-${side === 'protein' ? 'b' : 'a'}${String(index).padStart(3, '0')}-4000-8000-000000000000`;
    const directory = `${this.#directory}/s${index}_${side}`;
    return { directory, runId, inputs: [`${directory}/output_1.fa`] };
  }

  async run<T>(call: Call, otherwise: () => T, input?: unknown): Promise<T> {
    this.calls.push(call);
    try {
      const said = this.#script.on?.[call];
      return said === undefined ? otherwise() : ((await said(input)) as T);
    } finally {
      this.calls.push(`${call} ended`);
    }
  }

  checked(): CheckedPrediction {
    const embedder = { options: {}, taskQueue: 'gpu' };
    return {
      run: { directory: this.#directory, runId: '86b16b7b-4668-4faa-93f7-ab05e3ab2a18' },
      request: '0'.repeat(64),
      inputs: this.#script.inputs ?? 1,
      nucleotide: { name: 'fake', ...embedder },
      protein: { name: 'kmer', ...embedder },
      onBadCheckpoint: 'fail',
      onBadSequence: 'skip',
      skipCheckpointValidation: false,
      sequencesPerFile: 1000,
      tuning: { ...TUNING, ...this.#script.tuning },
    };
  }

  get sequences(): number {
    return this.#script.sequences ?? 7;
  }
}

const scripts = new Map<string, ScriptedPrediction>();

/** Made for a folder that nothing is written to. */
export function scripted(name: string, script: PredictionScript): ScriptedPrediction {
  const prediction = new ScriptedPrediction(`/nowhere/${name}`, script);
  scripts.set(`/nowhere/${name}`, prediction);
  return prediction;
}

/** Blocks until the activity is cancelled, as a stage does that is told to stop. */
export async function untilCancelled(): Promise<never> {
  const { cancelled, heartbeat } = Context.current();
  const beating = setInterval(heartbeat, 50);
  try {
    return await cancelled;
  } finally {
    clearInterval(beating);
  }
}

export function fail(type: string, message: string, details: unknown[] = []): () => never {
  return () => {
    throw ApplicationFailure.create({ type, message, nonRetryable: true, details });
  };
}

export function runOutcome(more: Partial<RunOutcome> = {}): RunOutcome {
  const outcome = more.failureType === undefined ? (more.outcome ?? 'success') : outcomeOfFailure(more.failureType);
  return {
    schema: 1,
    outcome,
    exitCode: EXIT_CODES[outcome],
    tasks: 1,
    found: 0,
    embedded: 1,
    failed: 0,
    skipped: 0,
    skippedSequences: 0,
    rows: 7,
    message: 'all 1 checkpoints are complete',
    offenders: [],
    report: 'report.json',
    ...more,
  };
}

/** Activities of every scripted prediction, and of the embedding runs that are its children. */
export function scriptedActivities(): Omit<Activities, 'embedFile' | 'saveCheckpoint' | 'validateCheckpoint'> {
  return { ...predictionStages(), ...embeddingStages() };
}

function predictionStages(): PredictionActivities {
  const done = (index: number) => ({ outcome: 'written' as const, stem: `s${index}` });
  return {
    checkPrediction: ({ request }) => {
      const prediction = of((request as PredictVirusInput).directory);
      return prediction.run('checkPrediction', () => prediction.checked());
    },
    chunkSequences: ({ run, index }) =>
      of(run.directory).run(`chunkSequences ${index}`, () => ({ ...done(index), contigs: 1, chunks: 3 })),
    translateFrames: ({ run, index }) => {
      const { sequences } = of(run.directory);
      return of(run.directory).run(`translateFrames ${index}`, () => ({ ...done(index), sequences }));
    },
    splitSequences: ({ run, index }) => {
      const prediction = of(run.directory);
      const [nucleotide, protein] = [prediction.side(index, 'nucleotide'), prediction.side(index, 'protein')];
      return prediction.run(`splitSequences ${index}`, () => ({ ...done(index), parts: 1, nucleotide, protein }));
    },
    mergeEmbeddings: (input) => {
      const { run, index, allowMissing } = input;
      const result = { ...done(index), merged: 1, rows: 7, missing: [], missingParts: 0 };
      return of(run.directory).run(`mergeEmbeddings ${index}${allowMissing ? ' with holes' : ''}`, () => result, input);
    },
    classifySequences: ({ run, index }) =>
      of(run.directory).run(`classifySequences ${index}`, () => ({ ...done(index), rows: 7 })),
    callConsensus: ({ run, index }) =>
      of(run.directory).run(`callConsensus ${index}`, () => {
        return { ...done(index), chunks: 3, viralChunks: 1, contigs: 1, viralContigs: 0 };
      }),
    finishPrediction: (input) => {
      const prediction = of(input.run.directory);
      prediction.finished = input;
      return prediction.run('finishPrediction', () => predictionOutcome(input));
    },
  };
}

function predictionOutcome({ failure, cancelled, partial, embedding }: FinishPredictionInput): PredictionOutcome {
  const ended = partial ? 'partial' : 'success';
  const outcome = failure !== undefined ? outcomeOfFailure(failure.type) : cancelled === true ? 'cancelled' : ended;
  return {
    schema: 1,
    outcome,
    exitCode: EXIT_CODES[outcome],
    ...(failure === undefined ? {} : { failureType: failure.type }),
    ...{ inputs: 1, predicted: 1, contigs: 1, viralContigs: 0, chunks: 3, viralChunks: 1, sequences: 7 },
    embedding,
    message: failure?.message ?? outcome,
    offenders: failure?.offenders ?? [],
    report: 'report.json',
  };
}

/** What an embedding run without tasks asks for. */
function embeddingStages(): Pick<Activities, 'checkCompatibility' | 'planRun' | 'finishRun'> {
  const sideOf = (directory: string) => directory.split('/').at(-1) ?? '';
  return {
    checkCompatibility: ({ request }: CheckCompatibilityInput) => {
      const { directory, runId } = request as SideRun;
      return of(directory).run(`checkCompatibility ${sideOf(directory)}`, () => ({
        run: { directory, runId },
        request: { embedders: [], onBadCheckpoint: 'fail', tuning: TUNING },
        requestDigest: '0'.repeat(64),
      }));
    },
    planRun: ({ run }) =>
      of(run.directory).run(`planRun ${sideOf(run.directory)}`, () => {
        const counts = { total: 0, found: 0, pending: 0, skipped: 0, bad: 0 };
        return { plan: '0'.repeat(64), ...counts, ranges: [], message: 'Found 0/0 checkpoints' };
      }),
    finishRun: ({ run, failure, cancelled }) =>
      of(run.directory).run(`finishRun ${sideOf(run.directory)}`, () =>
        runOutcome({
          ...(failure && { failureType: failure.type, message: failure.message }),
          ...(cancelled === true && { outcome: 'cancelled' }),
        }),
      ),
  };
}

/** The prediction that a folder belongs to, its own or that of a side. */
function of(directory: string): ScriptedPrediction {
  const prediction = scripts.get(directory) ?? scripts.get(directory.slice(0, directory.lastIndexOf('/')));
  if (prediction === undefined) throw ApplicationFailure.nonRetryable(`no script for ${directory}`, 'NoScript');
  return prediction;
}
