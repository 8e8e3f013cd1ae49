import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { TimelineRecord } from './records.ts';

/** Lines are gathered for so long: a burst of small tasks costs one write. */
const GATHER_MS = 25;
/** Lines that wait for storage that does not answer; more are dropped. */
const MAX_WAITING = 20_000;

/** Appends records to one file without ever waiting for it: losing lines costs a picture, never a row. */
export class TimelineWriter {
  readonly #file: string;
  readonly #onError: (error: unknown) => void;
  #lines: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #broken = false;

  /**
   * @param file its folder's grandparent has to exist: a run folder that was removed must not come back
   * @param onError told of the first write error, after which nothing is written any more
   */
  constructor(file: string, onError: (error: unknown) => void) {
    this.#file = file;
    this.#onError = onError;
  }

  write(record: TimelineRecord): void {
    if (this.#broken || this.#lines.length >= MAX_WAITING) return;
    this.#lines.push(`${JSON.stringify(record)}\n`);
    this.#timer ??= setTimeout(() => void this.flush(), GATHER_MS).unref();
  }

  /** Resolves when everything that was written by now is in the file, or cannot be. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#writing !== undefined) await this.#writing;
    if (this.#lines.length === 0 || this.#broken) return;
    this.#writing = this.#append(this.#lines.splice(0).join(''));
    await this.#writing;
  }

  /** Opens and closes the file each time: on a shared disk other hosts see what was closed. */
  async #append(text: string): Promise<void> {
    try {
      await this.#appendOnce(text);
    } catch (error) {
      this.#broken = true;
      this.#lines = [];
      this.#onError(error);
    } finally {
      this.#writing = undefined;
    }
  }

  async #appendOnce(text: string): Promise<void> {
    try {
      await fs.appendFile(this.#file, text);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      const folder = path.dirname(this.#file);
      for (const one of [path.dirname(folder), folder]) await fs.mkdir(one).catch(unlessThere);
      await fs.appendFile(this.#file, text);
    }
  }
}

function unlessThere(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
}
