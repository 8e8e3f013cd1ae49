/**
 * Text from files and servers as a page may show it: what cannot be seen or turns the reading direction is spelled out, and
 * what is too long loses its middle.
 */
export function shown(text: string, limit: number): string {
  const cut =
    text.length > limit ? `${text.slice(0, Math.ceil(limit / 2))}…${text.slice(-Math.floor(limit / 2))}` : text;
  // Halves of characters, which a cut may leave, are replaced on the way through UTF-8.
  return Buffer.from(cut)
    .toString()
    .replaceAll(INVISIBLE, (character) => {
      return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
    });
}

/** Controls, formats (direction marks, zero-width characters), line and paragraph separators. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Texts by number: those that occur often are sent once. */
export class Strings {
  readonly list: string[] = [];
  readonly #numbers = new Map<string, number>();

  /** @returns −1 for nothing */
  add(text: string | undefined, limit: number): number {
    if (text === undefined) return -1;
    const one = shown(text, limit);
    let number = this.#numbers.get(one);
    if (number === undefined) {
      number = this.list.push(one) - 1;
      this.#numbers.set(one, number);
    }
    return number;
  }
}

/** `1 file`, `1,234 files`. */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
