import { createReadStream } from 'node:fs';
import { CheckpointError, incompatible } from '../../checkpoint/errors.ts';
import { REMEDY } from '../remedy.ts';

/** Longest line: an id has at most 4,096 bytes. */
const MAX_LINE = 1 << 16;

/**
 * The lines of a text file, without their ends (LF or CRLF), in blocks as they are read: one at a time would be as many
 * turns of the event loop.
 *
 * @throws CheckpointError `incompatible` at a line that no table of ours has ({@link isOverlong}); errno errors; the abort
 *   reason
 */
export async function* readLineBlocks(
  file: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string[], void, undefined> {
  signal?.throwIfAborted();
  let rest = '';
  let number = 1;
  for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 18 })) {
    signal?.throwIfAborted();
    const lines = (rest + (chunk as string)).split('\n');
    rest = lines.pop() ?? '';
    number += lines.length;
    yield lines.map(withoutReturn);
    if (rest.length > MAX_LINE) throw overlong(file, number);
  }
  if (rest !== '') yield [withoutReturn(rest)];
}

const OVERLONG = 'LINE_LENGTH';

function overlong(file: string, number: number): CheckpointError {
  const text = `line ${number}: expected a row of a table, found more than ${MAX_LINE} characters without an end`;
  return incompatible(file, OVERLONG, `${text}; ${REMEDY}`);
}

/** Whether reading has ended because a file, of zeros or binary data perhaps, is no table at all. */
export function isOverlong(error: unknown): error is CheckpointError {
  return error instanceof CheckpointError && error.code === OVERLONG;
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** {@link readLineBlocks}, line by line, for a caller that compares each with something of its own. */
export class LineReader {
  readonly #blocks: AsyncGenerator<string[], void, undefined>;
  #block: string[] = [];
  #at = 0;
  #number = 0;

  constructor(file: string, signal: AbortSignal | undefined) {
    this.#blocks = readLineBlocks(file, signal);
  }

  /** Of the line that {@link next} gave last, from 1. */
  get number(): number {
    return this.#number;
  }

  /** @returns undefined at the end of the file */
  async next(): Promise<string | undefined> {
    while (this.#at >= this.#block.length) {
      const { done, value } = await this.#blocks.next();
      if (done === true) return undefined;
      this.#block = value;
      this.#at = 0;
    }
    this.#number += 1;
    return this.#block[this.#at++];
  }

  /** Lets go of the file. */
  async close(): Promise<void> {
    await this.#blocks.return();
  }
}
