import { hostname } from 'node:os';
import * as path from 'node:path';
import * as z from 'zod';
import { FailureType } from '../contract/failure-types.ts';
import type { Offender } from '../contract/outcome.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { errnoOf } from '../checkpoint/errors.ts';
import type { FileSystem, OpenFile } from '../platform/file-system.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { makeDurableFolder } from '../platform/sync-folder.ts';
import { replaceFile } from '../run/atomic-file.ts';
import { INTERNAL_FOLDER } from '../run/run-folder.ts';
import { pathsOf, STAGES_FOLDER, type NamedRequest, type RecordedStage } from './paths.ts';
import type { PredictionInputFile } from './request.ts';

const outputSchema = z.object({
  path: z.string().refine(isInside),
  bytes: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/u),
  kept: z.literal(true).optional(),
});

const recordSchema = z.object({
  schema: z.literal(1),
  stage: z.enum(['chunking', 'translating', 'splitting', 'merging', 'classifying', 'consensus']),
  stem: z.string(),
  of: z.record(z.string(), z.string()),
  outputs: z.array(outputSchema),
  facts: z.record(z.string(), z.number()),
  missing: z.array(z.object({ path: z.string(), reason: z.string() })).optional(),
  startedAt: z.string(),
  seconds: z.number(),
  host: z.string(),
  pid: z.number(),
});

/** A file that a stage has left. */
export interface RecordedOutput {
  /** Relative to DIR, with `/`. */
  path: string;
  bytes: number;
  /** Lower-case hex. */
  sha256: string;
  /** It was there without a record, and is not byte for byte what is written here: somebody else's, never to be removed. */
  kept?: true | undefined;
}

/**
 * DIR/.virnucpro/stages/{stem}.{stage}.json: what a stage was made from and what it has left. Written when all of that is
 * durable, so outputs that a record names were complete once; what they are now is compared with it.
 */
export interface StageRecord<Facts extends string = string> {
  schema: 1;
  stage: RecordedStage;
  stem: string;
  /** Digests and settings that the outputs follow from. */
  of: Record<string, string>;
  outputs: RecordedOutput[];
  /** Counts. */
  facts: Record<Facts, number>;
  /** What the outputs do without, where the stage may leave something out; the first five. */
  missing?: Offender[] | undefined;
  startedAt: string;
  seconds: number;
  host: string;
  pid: number;
}

/** Where the record of a stage lies, and whose it is. */
export interface RecordPlace {
  /** DIR, absolute. */
  directory: string;
  request: NamedRequest;
  input: Pick<PredictionInputFile, 'stem'>;
}

/**
 * @returns undefined if there is none that this version reads, or one that names files which no stage of this input writes: the outputs are compared with what the stage computes then
 * @throws errno errors
 */
export async function readStageRecord(
  { directory, request, input }: RecordPlace,
  stage: RecordedStage,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<StageRecord | undefined> {
  const text = await readText(fileSystem, path.join(directory, pathsOf(request, input).record(stage)));
  const record = text === undefined ? undefined : recordSchema.safeParse(parseJson(text)).data;
  const isOfInput = record?.stage === stage && record.stem === input.stem;
  // Files that a record names are renamed, and may be removed: all that a stage writes begins like this (see pathsOf).
  return isOfInput && record.outputs.every((output) => output.path.startsWith(`${input.stem}_`)) ? record : undefined;
}

/** Whether a path, which somebody may have forged, leads to a file of DIR that is not internal. */
function isInside(name: string): boolean {
  const parts = name.split('/');
  return !name.includes('\0') && parts.every((part) => part !== '' && !OUTSIDE.has(part));
}

const OUTSIDE: ReadonlySet<string> = new Set(['.', '..', INTERNAL_FOLDER]);

/** What the writer of a record knows; the rest is filled in. */
export type NewRecord = Pick<StageRecord, 'stage' | 'of' | 'outputs' | 'facts' | 'missing'> & { startedAt: Date };

/**
 * Writes the record of a stage whose outputs are durable. Replaces an earlier one: of two processes that do the same work
 * the later one's stays.
 *
 * @throws errno errors
 */
export async function writeStageRecord(
  { directory, request, input }: RecordPlace,
  { startedAt, stage, of, outputs, facts, missing }: NewRecord,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<StageRecord> {
  const record: StageRecord = {
    ...{ schema: 1, stage, stem: input.stem, of, outputs, facts },
    ...(missing !== undefined && { missing }),
    startedAt: startedAt.toISOString(),
    seconds: Math.round(Date.now() - startedAt.getTime()) / 1000,
    host: hostname(),
    pid: process.pid,
  };
  const file = path.join(directory, pathsOf(request, input).record(stage));
  await makeDurableFolder(fileSystem, path.dirname(file));
  await replaceFile(file, `${JSON.stringify(record, null, 2)}\n`, fileSystem);
  return record;
}

/** @returns 0 if a record of another version does not have that count */
export function factOf({ facts }: StageRecord, name: string): number {
  return facts[name] ?? 0;
}

/** @param name relative to DIR, with `/` */
export function outputOf({ stage, stem, outputs }: StageRecord, name: string): RecordedOutput {
  const output = outputs.find((each) => each.path === name);
  if (output !== undefined) return output;
  throw new VirnucproError(
    FailureType.RunInvalidInput,
    `the record of ${stage} ${stem} does not name ${name}: remove it from ${STAGES_FOLDER} and start the prediction again`,
  );
}

/** @returns undefined if there is no such file */
export async function readText(fileSystem: FileSystem, name: string): Promise<string | undefined> {
  try {
    const file = await fileSystem.open(name, 'read');
    try {
      return (await readAll(file)).toString('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return undefined;
  }
}

async function readAll(file: OpenFile): Promise<Buffer> {
  const bytes = Buffer.alloc(await file.size());
  let done = 0;
  while (done < bytes.byteLength) {
    const count = await file.read(bytes.subarray(done), done);
    if (count === 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
