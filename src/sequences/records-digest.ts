import { createHash } from 'node:crypto';
import type { FastaRecord } from './types.ts';

/** SHA-256 over records, one after the other: what a part of a file was cut from, whatever its line breaks. */
export class RecordsDigest {
  readonly #hash = createHash('sha256');

  /** Neither an id nor a sequence holds a line feed, so no two lists of records read alike. */
  add({ id, sequence }: FastaRecord): void {
    this.#hash.update(`${id}\n`).update(sequence, 'latin1').update('\n');
  }

  hex(): string {
    return this.#hash.digest('hex');
  }
}
