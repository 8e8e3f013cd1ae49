import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';

/** Passes a stream on line by line, each behind a prefix, so that the lines of several processes can be told apart. */
export function prefixLines(input: Readable, prefix: string, write: (line: string) => void): void {
  input.on('error', () => undefined);
  createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => write(`${prefix}${line}`));
}
