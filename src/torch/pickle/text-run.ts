import type { LazyValues } from './memo.ts';
import { Op } from './opcodes.ts';

/**
 * Texts of a list, as they stand in the pickle: BINUNICODE and PUT, one after the other (see `passTexts`). Strings are made
 * when the first of them is asked for: of most files, nobody does.
 */
export class TextRun implements LazyValues {
  readonly type = 'text-run';
  readonly count: number;
  /** Their bytes in the pickle, until the strings are made. */
  #bytes: Buffer | undefined;
  #texts: readonly string[] | undefined;

  /** @param bytes of the pickle, a copy of its own */
  constructor(bytes: Buffer, count: number) {
    this.#bytes = bytes;
    this.count = count;
  }

  get memoSize(): number {
    return this.count;
  }

  memoized(place: number): string {
    return this.texts[place] as string;
  }

  get texts(): readonly string[] {
    this.#texts ??= this.#make();
    return this.#texts;
  }

  #make(): readonly string[] {
    const bytes = this.#bytes ?? Buffer.alloc(0);
    this.#bytes = undefined;
    const texts: string[] = [];
    for (let at = 0; texts.length < this.count;) {
      const start = at + 5;
      const end = start + bytes.readUInt32LE(at + 1);
      texts.push(bytes.toString('latin1', start, end));
      at = end + (bytes[end] === Op.BINPUT ? 2 : 5);
    }
    return texts;
  }
}
