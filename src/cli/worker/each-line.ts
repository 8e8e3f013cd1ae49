import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';

/** Passes a stream on line by line. */
export function eachLine(input: Readable, take: (line: string) => void): void {
  input.on('error', () => undefined);
  createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }).on('line', take);
}
