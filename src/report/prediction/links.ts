import type { Link } from './page-data.ts';

/**
 * A link from the page to a file beside or below it. It never leaves the folder, whatever the name says: every part of the
 * path is spelled out, and `./` keeps a name with a colon from being taken for a scheme.
 *
 * @param path relative to the folder, with `/`
 */
export function linkTo(path: string, text: string): Link {
  // Halves of characters, which cannot be spelled out, are replaced on the way through UTF-8.
  const parts = Buffer.from(path).toString().split('/');
  return { text, href: `./${parts.map((part) => encodeURIComponent(part)).join('/')}` };
}
