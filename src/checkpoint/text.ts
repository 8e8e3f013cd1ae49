const SHOWN_CHARACTERS = 80;

/** Text from a file for a message: quoted, control characters escaped, bounded. */
export function quote(text: string): string {
  return JSON.stringify(text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text);
}

/** Keys as Python prints a set of them, in alphabetical order: `{'data', 'ids'}`. */
export function pythonSet(keys: readonly string[]): string {
  const shown = keys.toSorted().map((key) => `'${key.slice(0, SHOWN_CHARACTERS)}'`);
  return `{${shown.join(', ')}}`;
}

/** `1 row`, `3 rows`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
