import type { Link } from './page-data.ts';

const UPWARDS: ReadonlySet<string> = new Set(['', '.', '..']);

/**
 * A link from the page to a file beside or below it. It never leaves the folder, whatever the path says: its parts are
 * spelled out, those that lead upwards are left out, and `./` keeps a name with a colon from being taken for a scheme.
 *
 * @param path relative to the folder, with `/`
 */
export function linkTo(path: string, text: string): Link {
  // Halves of characters, which cannot be spelled out, are replaced on the way through UTF-8.
  const parts = Buffer.from(path).toString().split('/');
  const names = parts.filter((part) => !UPWARDS.has(part));
  return { text, href: `./${names.map((name) => encodeURIComponent(name)).join('/')}` };
}
