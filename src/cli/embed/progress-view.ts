import { Presets, SingleBar } from 'cli-progress';
import type { RunStatus } from '../../client/index.ts';
import type { RunOutcome } from '../../contract/outcome.ts';

/** Where there is no terminal, a line is printed when this much has changed or this long has passed. */
const LINE_SHARE = 0.1;
const LINE_INTERVAL_MS = 30_000;

/** Shows how a run gets on; on stderr, so that stdout stays for results. */
export interface ProgressView {
  update(status: RunStatus): void;
  /** The run has ended; a short one may never have been seen on its way. */
  finish(outcome: RunOutcome): void;
  stop(): void;
}

export function progressView(enabled: boolean, stream: NodeJS.WriteStream): ProgressView {
  if (!enabled) return { update: () => {}, finish: () => {}, stop: () => {} };
  return stream.isTTY ? new BarView(stream) : new LineView(stream);
}

class BarView implements ProgressView {
  readonly #bar: SingleBar;
  #started = false;

  constructor(stream: NodeJS.WriteStream) {
    const format = ' {bar} {value}/{total} files | {rows} | {phase}';
    this.#bar = new SingleBar({ stream, format, hideCursor: true, gracefulExit: false }, Presets.shades_classic);
  }

  update(status: RunStatus): void {
    this.#show(status.total, doneFiles(status), payload(status));
  }

  finish(outcome: RunOutcome): void {
    this.#show(outcome.tasks, doneFiles(outcome), { phase: outcome.outcome, rows: `${outcome.rows} rows` });
  }

  #show(total: number, done: number, more: Payload): void {
    if (total === 0) return;
    if (!this.#started) this.#bar.start(total, 0, more);
    this.#started = true;
    this.#bar.update(done, more);
  }

  stop(): void {
    if (this.#started) this.#bar.stop();
    this.#started = false;
  }
}

class LineView implements ProgressView {
  readonly #stream: NodeJS.WriteStream;
  #told = { done: -1, at: 0, phase: '' };

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  update(status: RunStatus): void {
    const done = doneFiles(status);
    const { phase, rows } = payload(status);
    const much = done - this.#told.done >= Math.max(1, LINE_SHARE * status.total);
    const long = Date.now() - this.#told.at >= LINE_INTERVAL_MS;
    if (phase === this.#told.phase && !(status.total > 0 && much) && !long) return;
    this.#told = { done, at: Date.now(), phase };
    const counts = status.total > 0 ? `: ${done}/${status.total} files, ${rows}` : '';
    this.#stream.write(`${phase}${counts}\n`);
  }

  finish(): void {}

  stop(): void {}
}

type Counts = Pick<RunOutcome, 'found' | 'embedded' | 'failed' | 'skipped'>;

function doneFiles({ found, embedded, failed, skipped }: Counts): number {
  return found + embedded + failed + skipped;
}

/** What the bar shows beside the files. */
interface Payload {
  phase: string;
  rows: string;
}

function payload({ phase, paused, spooledRows, openRows }: RunStatus): Payload {
  return { phase: paused ? 'paused' : phase, rows: `${spooledRows}/${openRows} rows of open files` };
}
