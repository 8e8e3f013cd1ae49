import type { Dirent, Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { inputError } from './input-error.ts';
import { hasFastaName, inputStem } from './output-names.ts';

export interface InputFile {
  /** Absolute. */
  path: string;
  /** What its outputs are named after. */
  stem: string;
}

export interface FindOptions {
  /** Also looks into the folders below. Links to folders are not followed. */
  recursive: boolean;
  /** Output folder: nothing inside is an input, unless it is named itself. It need not exist. */
  exclude?: string | undefined;
}

/**
 * Finds the FASTA files that the arguments mean: a file stands for itself whatever its name, a folder for its FASTA
 * files. Each file is given once, sorted by path (by UTF-16 code units, the same everywhere).
 *
 * @throws VirnucproError `RunError.InvalidInput` listing every argument that gives nothing; other errno errors pass
 */
export async function findInputs(args: readonly string[], options: FindOptions): Promise<InputFile[]> {
  const paths = new Set<string>();
  const problems: string[] = [];
  const excluded = await realOrResolved(options.exclude);
  for (const argument of args) {
    const found = await statOrUndefined(argument);
    if (found === undefined) problems.push(`${argument}: no such file or folder`);
    else if (!found.isDirectory()) paths.add(resolve(argument));
    else {
      const files = await filesOf(argument, options.recursive, excluded);
      if (files.length === 0) problems.push(emptyFolder(argument, options.recursive));
      for (const path of files) paths.add(path);
    }
  }
  if (args.length === 0) problems.push('no input: name FASTA files or folders, or "-" for stdin');
  if (problems.length > 0) throw inputError(problems.join('\n'));
  return [...paths].toSorted(byCodeUnits).map((path) => ({ path, stem: inputStem(path) }));
}

function emptyFolder(folder: string, recursive: boolean): string {
  const extensions = '.fa .fasta .fna .ffn .faa .fas, also .gz';
  return `${folder}: no FASTA file in this folder (${extensions})${recursive ? '' : '; --recursive also looks below'}`;
}

async function filesOf(folder: string, recursive: boolean, excluded: string | undefined): Promise<string[]> {
  const real = await realpath(folder);
  if (excluded !== undefined && (real === excluded || real.startsWith(excluded + sep))) return [];
  const files: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (recursive) files.push(...(await filesOf(path, recursive, excluded)));
    } else if (hasFastaName(entry.name) && (await isFile(entry, path))) files.push(resolve(path));
  }
  return files;
}

async function isFile(entry: Dirent, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isFile();
  return (await statOrUndefined(path))?.isFile() === true;
}

/** ENOTDIR: a file stands where the path has a folder. */
const NOT_THERE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR']);

async function statOrUndefined(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (NOT_THERE.has((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}

async function realOrResolved(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  return (await statOrUndefined(path)) === undefined ? resolve(path) : realpath(path);
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
