import { basename, dirname, extname, join } from 'node:path';
import type { ConvertFormat } from './types.ts';

const FORMATS: Readonly<Record<string, ConvertFormat>> = { '.pt': 'pt', '.npy': 'npy', '.safetensors': 'safetensors' };

/** The format that the extension of a path asks for; undefined for any other extension. */
export function formatOf(path: string): ConvertFormat | undefined {
  const extension = extname(path);
  return Object.hasOwn(FORMATS, extension) ? FORMATS[extension] : undefined;
}

/** Where the ids of an `.npy` file go: `{stem}.ids.txt` beside it. */
export function idsPathOf(path: string): string {
  return join(dirname(path), `${basename(path, extname(path))}.ids.txt`);
}
