import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import * as z from 'zod';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { makeDurableFolder, syncFolder } from '../platform/sync-folder.ts';
import { createFile, replaceFile } from './atomic-file.ts';
import { INTERNAL_FOLDER, internal, RUN_MANIFEST } from './run-folder.ts';

const fingerprintSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

const predictionSideSchema = z.object({ embedder: z.string(), fingerprint: fingerprintSchema });

const manifestSchema = z.object({
  schema: z.literal(1),
  runId: z.uuid(),
  createdAt: z.string(),
  settings: z
    .object({ chunkLength: z.number().int().positive().nullable(), sequencesPerFile: z.number().int().positive() })
    .optional(),
  embedders: z.record(z.string(), z.object({ fingerprint: fingerprintSchema })),
  inputs: z.record(z.string(), z.object({ sha256: z.string(), windows: z.number() })),
  prediction: z
    .object({
      classifier: z.object({ sha256: z.string() }),
      nucleotide: predictionSideSchema,
      protein: predictionSideSchema,
    })
    .optional(),
});

/**
 * DIR/run.json: what the checkpoints of this folder were made from. `settings` are bound by the first run that is
 * accepted; `inputs` are keyed by stem and `embedders` by name, and both only grow. A folder with `prediction` belongs to
 * predictVirus: its embeddings are in run folders of their own inside it, and `embedders` is empty.
 */
export type RunManifest = z.output<typeof manifestSchema>;

function manifestPath(directory: string): string {
  return path.join(directory, RUN_MANIFEST);
}

/** Parsed run.json files by folder: with many inputs it is megabytes, and every activity asks for it. */
const cache = new Map<string, { identity: string; manifest: RunManifest; seenAt: number }>();
/** How long a worker believes that a folder it has seen is still there: tasks may last milliseconds. */
const SEEN_FOR_MS = 1000;
/** A worker serves a few folders at a time. */
const MAX_CACHED_MANIFESTS = 8;

/**
 * @returns undefined if there is no run.json
 * @throws VirnucproError `CheckpointError.Incompatible` if it is not one of ours
 */
export async function readManifest(directory: string): Promise<RunManifest | undefined> {
  const file = manifestPath(directory);
  const stat = await nodeFileSystem.stat(file);
  if (stat === undefined) return undefined;
  const identity = `${stat.inode} ${stat.size} ${stat.modifiedNs}`;
  const cached = cache.get(directory);
  if (cached?.identity === identity) {
    cached.seenAt = Date.now();
    return cached.manifest;
  }
  const manifest = parseManifest(file, await fs.readFile(file, 'utf8'));
  cache.delete(directory);
  cache.set(directory, { identity, manifest, seenAt: Date.now() });
  const oldest = cache.keys().next().value;
  if (cache.size > MAX_CACHED_MANIFESTS && oldest !== undefined) cache.delete(oldest);
  return manifest;
}

function parseManifest(file: string, text: string): RunManifest {
  const parsed = manifestSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new VirnucproError(
    FailureType.CheckpointIncompatible,
    `${file} is not a run.json that this version reads (${issue?.path.join('.') || 'content'}: ${issue?.message}): choose another folder, or put the file back from a copy`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The run.json of a folder, made if there is none. Creation is exclusive: of two who start at once both get the same.
 *
 * @throws VirnucproError `RunError.InvalidInput` if the folder cannot be written
 */
export async function openManifest(directory: string): Promise<RunManifest> {
  try {
    await makeRunFolder(directory);
    const found = await readManifest(directory);
    if (found !== undefined) {
      // Whoever made it may have died before its name was durable, and everything that follows refers to it.
      await syncFolder(nodeFileSystem, directory);
      return found;
    }
    const fresh: RunManifest = {
      schema: 1,
      runId: randomUUID(),
      createdAt: new Date().toISOString(),
      embedders: {},
      inputs: {},
    };
    await createFile(manifestPath(directory), format(fresh));
  } catch (error) {
    throw unwritable(directory, error);
  }
  return (await readManifest(directory))!;
}

/** Made once, under durable names: what is written into them later syncs its own folder only. */
const FOLDERS_OF_A_RUN = [INTERNAL_FOLDER, internal.plans, internal.requests, internal.inputs, internal.spool];

async function makeRunFolder(directory: string): Promise<void> {
  try {
    for (const folder of ['', ...FOLDERS_OF_A_RUN]) {
      await makeDurableFolder(nodeFileSystem, path.join(directory, folder));
    }
  } catch (error) {
    throw notWritable(directory, error as Error);
  }
}

export async function replaceManifest(directory: string, manifest: RunManifest): Promise<void> {
  cache.delete(directory);
  await replaceFile(manifestPath(directory), format(manifest));
}

/**
 * The run.json that an activity finds must be that of its run: a host that lacks the shared storage would otherwise write
 * a run's files where nobody looks for them.
 *
 * @param type of the error: by default a retryable one, since another worker may see the folder
 * @throws VirnucproError
 */
export async function requireManifest(
  directory: string,
  runId: string,
  type: FailureType = FailureType.CheckpointUnavailable,
): Promise<RunManifest> {
  const cached = cache.get(directory);
  if (cached?.manifest.runId === runId && Date.now() - cached.seenAt < SEEN_FOR_MS) return cached.manifest;
  const manifest = await readManifest(directory);
  if (manifest?.runId === runId) return manifest;
  const found = manifest === undefined ? 'no run.json' : `run ${manifest.runId}`;
  throw new VirnucproError(
    type,
    `${os.hostname()} does not see ${directory}: expected run ${runId}, found ${found}; mount the same storage on every worker`,
  );
}

function format(manifest: RunManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

const UNWRITABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENOSPC', 'EDQUOT', 'EEXIST', 'ENAMETOOLONG']);

/** Whether a folder cannot be written until someone does something about it. */
export function isUnwritable(error: unknown): error is NodeJS.ErrnoException {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && UNWRITABLE.has(code);
}

/** At the start of a run a folder that cannot be written is bad input, not a passing trouble. */
export function unwritable(directory: string, error: unknown): unknown {
  return isUnwritable(error) ? notWritable(directory, error) : error;
}

function notWritable(directory: string, cause: Error): VirnucproError {
  return new VirnucproError(
    FailureType.RunInvalidInput,
    `output folder ${directory} cannot be written: ${cause.message}; free some space, mend its permissions or choose another with --out`,
    { cause },
  );
}
