import { createReadStream } from 'node:fs';

/**
 * Rows of a tab-separated file without its first line, some at a time, so that a file of any size takes little memory.
 *
 * @returns nothing where there is no such file
 * @throws errno errors; the reason of `signal`
 */
export async function* readTable(file: string, signal?: AbortSignal): AsyncGenerator<string[][]> {
  const stream = createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 18 });
  let rest = '';
  let isHeader = true;
  try {
    for await (const text of stream as AsyncIterable<string>) {
      signal?.throwIfAborted();
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      if (isHeader && lines.length > 0) isHeader = lines.shift() === undefined;
      yield lines.map((line) => line.split('\t'));
    }
    if (rest !== '' && !isHeader) yield [rest.split('\t')];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    stream.destroy();
  }
}
