import { createReadStream } from 'node:fs';

/** Longest line: an id has at most 4,096 bytes. */
const MAX_LINE = 1 << 16;

/**
 * The lines of a text file, without their ends (LF or CRLF), in blocks as they are read: one at a time would be as many
 * turns of the event loop.
 *
 * @throws Error at a line of more than 64 Ki characters; errno errors; the abort reason
 */
export async function* readLineBlocks(
  file: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string[], void, undefined> {
  signal?.throwIfAborted();
  let rest = '';
  for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 18 })) {
    signal?.throwIfAborted();
    const lines = (rest + (chunk as string)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) throw new Error(`${file}: a line of more than ${MAX_LINE} characters`);
    yield lines.map(withoutReturn);
  }
  if (rest !== '') yield [withoutReturn(rest)];
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
