import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** One import or re-export of a source file. */
export interface Import {
  /** relative to `src` */
  readonly file: string;
  /** first folder below `src`, `.` for `src` itself */
  readonly folder: string;
  /** as written */
  readonly specifier: string;
  readonly typeOnly: boolean;
  /** `import('…')` */
  readonly dynamic: boolean;
  /** file that a relative specifier leads to, relative to `src`; undefined for a package */
  readonly path: string | undefined;
  /** first folder of `path` */
  readonly target: string | undefined;
}

/** `import … from`, `export … from`, `import '…'` and `import('…')`. */
const STATIC = /^(?:import|export)\s+(?<type>type\s)?(?:[^'"();]*?\sfrom\s+)?'(?<specifier>[^']+)'/gmu;
const DYNAMIC = /\bimport\('(?<specifier>[^']+)'\)/gu;

/** Reads every import of the source files at and below `src`. */
export function readImports(src: string): Import[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.m?[jt]s$/u.test(file))
    .flatMap((file) => importsOf(src, file));
}

function importsOf(src: string, file: string): Import[] {
  const text = readFileSync(join(src, file), 'utf8');
  const found = (dynamic: boolean, { groups }: RegExpMatchArray): Import => {
    const specifier = groups?.['specifier'] ?? '';
    const path = specifier.startsWith('.') ? join(dirname(file), specifier) : undefined;
    const typeOnly = groups?.['type'] !== undefined;
    return { file, folder: topFolder(file), specifier, typeOnly, dynamic, path, target: path && topFolder(path) };
  };
  return [
    ...[...text.matchAll(STATIC)].map((match) => found(false, match)),
    ...[...text.matchAll(DYNAMIC)].map((match) => found(true, match)),
  ];
}

function topFolder(path: string): string {
  const [first = '.', ...rest] = path.split('/');
  return rest.length > 0 ? first : '.';
}
