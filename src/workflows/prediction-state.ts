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

function totalsOf(outcome: Partial<RunOutcome>): EmbeddingTotals {
  const count = (key: keyof EmbeddingTotals) => (Number.isSafeInteger(outcome[key]) ? outcome[key]! : 0);
  return Object.fromEntries(TOTALS.map((key) => [key, count(key)])) as Record<keyof EmbeddingTotals, number>;
}

/** What the round before has embedded is found by the next one, and still was made by this prediction. */
function inTwoRounds(before: EmbeddingTotals, now: EmbeddingTotals): EmbeddingTotals {
  // It ended before it had a plan.
  if (now.tasks === 0) return before;
  const embedded = Math.min(before.embedded + now.embedded, now.tasks);
  return { ...now, embedded, found: Math.max(now.tasks - embedded - now.failed - now.skipped, 0) };
}

/** What the prediction knows while it runs; answers the query `progress`. */
export class PredictionState {
  phase: PredictionProgress['phase'] = 'checking';
  inputs = 0;
  done = 0;
  /** An embedding run ended with holes, or a part was left out. */
  partial = false;
  /** Of embedding runs that have ended. */
  readonly embedding = totalsOf({});
  readonly #open = new Map<number, OpenInput>();
  /** Counts of each embedding run as they stand in {@link embedding}, by workflow id. */
  readonly #counted = new Map<string, EmbeddingTotals>();

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

  /**
   * @param id workflow id of an embedding run, which counts once, however often it embeds again
   * @param outcome what it told, as far as it could
   */
  add(id: string, outcome: Partial<RunOutcome>): void {
    const before = this.#counted.get(id);
    const now = before === undefined ? totalsOf(outcome) : inTwoRounds(before, totalsOf(outcome));
    for (const key of TOTALS) this.embedding[key] += now[key] - (before?.[key] ?? 0);
    this.#counted.set(id, now);
  }

  progress(paused: boolean): PredictionProgress {
    const open = [...this.#open.values()].map((input) => ({ ...input }));
    return {
      schema: 1,
      phase: this.phase,
      paused,
      inputs: this.inputs,
      done: this.done,
      open,
      embedding: this.#withoutOpen(open),
    };
  }

  /** A run that embeds again tells its counts itself as long as it is open. */
  #withoutOpen(open: readonly OpenInput[]): EmbeddingTotals {
    const totals = { ...this.embedding };
    for (const id of open.flatMap(({ nucleotide, protein }) => [nucleotide, protein])) {
      const counted = id === undefined ? undefined : this.#counted.get(id);
      for (const key of TOTALS) totals[key] -= counted?.[key] ?? 0;
    }
    return totals;
  }
}
