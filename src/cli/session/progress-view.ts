import { Presets, SingleBar } from 'cli-progress';

/** Where there is no terminal, a line is printed when this much has changed or this long has passed. */
const LINE_SHARE = 0.1;
const LINE_INTERVAL_MS = 30_000;

/** How far something is. */
export interface Progress {
  /** Each change of it is told. */
  phase: string;
  done: number;
  /** 0: not known yet. */
  total: number;
  /** `3/4 files`, …; not told as long as the total is not known. */
  counts: string[];
}

/** Shows how a job gets on; on stderr, so that stdout stays for results. */
export interface ProgressView {
  update(progress: Progress): void;
  /** The job has ended; a short one may never have been seen on its way. */
  finish(progress: Progress): void;
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
    const format = ' {bar} {counts} | {phase}';
    this.#bar = new SingleBar({ stream, format, hideCursor: true, gracefulExit: false }, Presets.shades_classic);
  }

  update({ phase, done, total, counts }: Progress): void {
    if (total === 0) return;
    const payload = { phase, counts: counts.join(' | ') };
    if (!this.#started) this.#bar.start(total, 0, payload);
    this.#started = true;
    this.#bar.update(done, payload);
  }

  finish(progress: Progress): void {
    this.update(progress);
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

  update({ phase, done, total, counts }: Progress): void {
    const much = done - this.#told.done >= Math.max(1, LINE_SHARE * total);
    const long = Date.now() - this.#told.at >= LINE_INTERVAL_MS;
    if (phase === this.#told.phase && !(total > 0 && much) && !long) return;
    this.#told = { done, at: Date.now(), phase };
    this.#stream.write(`${phase}${total > 0 ? `: ${counts.join(', ')}` : ''}\n`);
  }

  finish(): void {}

  stop(): void {}
}
