import type { RunOutcome } from '../contract/outcome.ts';
import type {
  ContinuedPrediction,
  EmbeddingTotals,
  OpenInput,
  PredictionProgress,
  PredictionStage,
} from '../contract/prediction.ts';

/** The sides of an input: each is embedded by a run of its own. */
export type SideName = 'nucleotide' | 'protein';

const TOTALS: readonly (keyof EmbeddingTotals)[] = [
  'tasks',
  'found',
  'embedded',
  'failed',
  'skipped',
  'skippedSequences',
  'rows',
];

/** What the prediction knows while it runs; answers the query `progress`. */
export class PredictionState {
  phase: PredictionProgress['phase'] = 'checking';
  inputs = 0;
  done = 0;
  /** An embedding run ended with holes, or a part was left out. */
  partial = false;
  /** Of embedding runs that have ended. */
  readonly embedding: EmbeddingTotals = {
    tasks: 0,
    found: 0,
    embedded: 0,
    failed: 0,
    skipped: 0,
    skippedSequences: 0,
    rows: 0,
  };
  readonly #open = new Map<number, OpenInput>();

  /** Takes up where the execution before has stopped. */
  goOn({ checked, done, totals, partial }: ContinuedPrediction): void {
    this.inputs = checked.inputs;
    this.done = done;
    this.partial = partial;
    Object.assign(this.embedding, totals);
    this.phase = 'predicting';
  }

  /** An input enters a stage. */
  enter(index: number, stage: PredictionStage): OpenInput {
    const input = this.#open.get(index) ?? { index, stem: '', stage };
    input.stage = stage;
    this.#open.set(index, input);
    return input;
  }

  /** An input has gone through every stage. */
  leave(index: number): void {
    this.#open.delete(index);
    this.done++;
  }

  /** @param outcome what an embedding run told, as far as it could */
  add(outcome: Partial<RunOutcome>): void {
    for (const key of TOTALS) {
      const count = outcome[key];
      if (Number.isSafeInteger(count)) this.embedding[key] += count!;
    }
  }

  progress(paused: boolean): PredictionProgress {
    return {
      schema: 1,
      phase: this.phase,
      paused,
      inputs: this.inputs,
      done: this.done,
      open: [...this.#open.values()].map((input) => ({ ...input })),
      embedding: { ...this.embedding },
    };
  }
}
