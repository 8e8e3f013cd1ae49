import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openCheckpoint } from '../../src/checkpoint/index.ts';

const LETTERS = 'ACGT';

/** A nucleotide sequence that the seed alone decides. */
export function sequence(seed: number, length: number): string {
  let state = (seed * 2654435761 + 12345) >>> 0;
  let letters = '';
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    letters += LETTERS[state >>> 30];
  }
  return letters;
}

/** FASTA text of `records` records `{name}_0`, `{name}_1`, … */
export function fasta(name: string, records: number, length = 60): string {
  const lines = Array.from({ length: records }, (_, at) => {
    const seed = [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), at);
    return `>${name}_${at}\n${sequence(seed, length)}\n`;
  });
  return lines.join('');
}

/** Writes `files` FASTA files `s00.fa`, `s01.fa`, … into a new folder `in` and returns its path. */
export function makeInputs(parent: string, files: number, records: number, length = 60): string {
  const folder = join(parent, 'in');
  mkdirSync(folder, { recursive: true });
  for (let at = 0; at < files; at++) {
    const name = `s${String(at).padStart(2, '0')}`;
    writeFileSync(join(folder, `${name}.fa`), fasta(name, records, length));
  }
  return folder;
}

/** Checkpoints of a run folder, as names in order. */
export function checkpointNames(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.pt') && !name.startsWith('.'))
    .toSorted();
}

/** Ids and rows of a checkpoint. */
export interface Content {
  ids: string[];
  rows: number[][];
}

export async function contentOf(file: string): Promise<Content> {
  const checkpoint = await openCheckpoint(file, { level: 'deep' });
  try {
    const rows = checkpoint.ids.map((_, at) => [...checkpoint.row(at)]);
    return { ids: [...checkpoint.ids], rows };
  } finally {
    checkpoint.close();
  }
}

/** Contents of all checkpoints of a run folder by name. */
export async function contentsOf(directory: string): Promise<Record<string, Content>> {
  const contents: Record<string, Content> = {};
  for (const name of checkpointNames(directory)) contents[name] = await contentOf(join(directory, name));
  return contents;
}

/** How often the fake embedder embedded each sequence: `{file name}:{ordinal}` → times. */
export function embeddedTimes(log: string): Map<string, number> {
  const times = new Map<string, number>();
  for (const line of logLines(log)) {
    const [file = '', ordinal = ''] = line.split('\t');
    const key = `${basename(file)}:${ordinal}`;
    times.set(key, (times.get(key) ?? 0) + 1);
  }
  return times;
}

/** Complete lines of the fake embedder's log. */
export function logLines(log: string): string[] {
  if (!existsSync(log)) return [];
  const lines = readFileSync(log, 'utf8').split('\n');
  lines.pop();
  return lines;
}

/** Every file below a folder, relative to it. */
export function listing(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted();
}

/** What a run leaves behind only while it is under way: spools of tasks and temporary files. */
export function leftovers(directory: string): string[] {
  return listing(directory).filter((name) => name.includes('.virnucpro/spool/') || name.endsWith('.tmp'));
}

/** Sequences of a FASTA file that {@link makeInputs} wrote. */
export function sequencesOf(file: string): string[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('>'));
}
