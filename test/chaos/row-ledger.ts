import { basename } from 'node:path';
import { logLines } from '../support/run-folder.ts';
import { BATCH } from './activity-run.ts';
import type { Tally } from './tally.ts';

/** Rows of a file that a kill may cost: the batch that is being computed or made durable. */
export const IN_FLIGHT_ROWS = BATCH;

/** Judges, attempt by attempt, what was embedded of one file. Rows become durable in their order. */
export class RowLedger {
  readonly #log: string;
  readonly #input: string;
  readonly #tally: Tally;
  #embedded: number[] = [];
  #acknowledged = 0;

  constructor(log: string, input: string, tally: Tally) {
    this.#log = log;
    this.#input = input;
    this.#tally = tally;
  }

  /**
   * Takes up what an attempt has embedded, once its processes are gone.
   *
   * @param acknowledged rows that were seen to be durable before it ended
   */
  attemptEnded(acknowledged: number): void {
    const all = ordinalsOf(this.#log, this.#input);
    const before = new Set(this.#embedded);
    const fresh = all.slice(this.#embedded.length);
    const lost = fresh.filter((ordinal) => ordinal < this.#acknowledged);
    const again = fresh.filter((ordinal) => before.has(ordinal)).length;
    this.#tally.lost += lost.length;
    this.#tally.recomputed += again;
    this.#tally.mostRecomputed = Math.max(this.#tally.mostRecomputed, again);
    if (lost.length > 0) this.#tally.violation(`${this.#input}: acknowledged rows ${lost.join(',')} embedded again`);
    if (again > IN_FLIGHT_ROWS) this.#tally.violation(`${this.#input}: ${again} rows recomputed after one kill`);
    if (new Set(fresh).size < fresh.length) this.#tally.violation(`${this.#input}: a row twice in one attempt`);
    this.#embedded = all;
    this.#acknowledged = Math.max(this.#acknowledged, acknowledged);
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }
}

function ordinalsOf(log: string, input: string): number[] {
  return logLines(log)
    .map((line) => line.split('\t'))
    .filter(([file = '']) => basename(file) === input)
    .map(([, ordinal]) => Number(ordinal));
}
