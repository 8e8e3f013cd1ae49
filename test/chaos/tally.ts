/** What came of many kills. */
export class Tally {
  readonly what: string;
  readonly seed: number;
  kills = 0;
  /** Kills that hit a chosen step of an activity, by its label. */
  readonly steps = new Map<string, number>();
  tasks = 0;
  /** Most kills of one task. */
  deepest = 0;
  /** Rows that were known to be durable before a kill. */
  acknowledged = 0;
  /** Acknowledged rows that were embedded again. */
  lost = 0;
  /** Rows that a checkpoint has twice, and files that are there twice. */
  duplicated = 0;
  /** Rows that were embedded again because a kill came before they were durable. */
  recomputed = 0;
  /** Most of them after one kill of one file. */
  mostRecomputed = 0;
  readonly violations: string[] = [];

  constructor(what: string, seed: number) {
    this.what = what;
    this.seed = seed;
  }

  violation(text: string): void {
    this.violations.push(text);
  }

  toString(): string {
    const { kills, steps, tasks, acknowledged, lost, duplicated, recomputed, mostRecomputed } = this;
    const hit = steps.size === 0 ? '' : ` (${steps.size} different steps)`;
    const most = mostRecomputed === 0 ? '' : ` (at most ${mostRecomputed} of a file after one kill)`;
    const lines = [
      `${this.what}: seed ${this.seed}, ${kills} kills${hit} of ${tasks} files, at most ${this.deepest} of one`,
      `  rows acknowledged before a kill ${acknowledged}, lost ${lost}, duplicated ${duplicated}, recomputed ${recomputed}${most}`,
      ...this.violations.map((text) => `  VIOLATION: ${text}`),
    ];
    return lines.join('\n');
  }
}
