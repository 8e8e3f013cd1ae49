import { badOption } from './embedder-error.ts';
import type { EmbedderOptions } from './types.ts';

/** Reads and checks the options of one embedder. Every method throws VirnucproError `RunError.InvalidInput` naming it. */
export class OptionReader {
  readonly #embedder: string;
  readonly #options: EmbedderOptions;

  /**
   * @param known names and meanings of the embedder's options; any other name is refused
   * @param hidden further names, which no message offers
   */
  constructor(
    embedder: string,
    options: EmbedderOptions,
    known: Readonly<Record<string, string>>,
    hidden: readonly string[] = [],
  ) {
    this.#embedder = embedder;
    this.#options = options;
    for (const name of Object.keys(options)) {
      if (Object.hasOwn(known, name) || hidden.includes(name)) continue;
      throw badOption(unknownOption(embedder, name, Object.keys(known)));
    }
  }

  text(name: string): string | undefined {
    const value = this.#options[name];
    if (value === '') throw this.#error(name, 'a value', value);
    return value;
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T | undefined {
    const value = this.#options[name];
    if (value === undefined) return undefined;
    const found = values.find((allowed) => allowed === value);
    if (found === undefined) throw this.#error(name, values.join(' or '), value);
    return found;
  }

  integer(name: string, minimum: number, maximum: number): number | undefined {
    const value = this.#options[name];
    if (value === undefined) return undefined;
    const number = Number(value);
    if (!/^\d+$/u.test(value) || number < minimum || number > maximum) {
      throw this.#error(name, `a whole number from ${minimum} to ${maximum}`, value);
    }
    return number;
  }

  #error(name: string, expected: string, value: string): Error {
    return badOption(`option ${name} of embedder ${this.#embedder}: expected ${expected}, got "${value}"`);
  }
}

function unknownOption(embedder: string, name: string, known: readonly string[]): string {
  const ways = known.length === 0 ? 'it has no options' : `its options are ${known.join(', ')}`;
  return `embedder ${embedder} has no option "${name}"; ${ways}`;
}
