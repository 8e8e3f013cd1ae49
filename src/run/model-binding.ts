import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import * as z from 'zod';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import type { Fingerprint } from '../embedders/types.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { makeDurableFolder } from '../platform/sync-folder.ts';
import { createFile } from './atomic-file.ts';
import { readManifest, replaceManifest, type RunManifest } from './manifest.ts';
import { internal } from './run-folder.ts';

const bindingSchema = z.object({
  schema: z.literal(1),
  fingerprint: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

function bindingPath(directory: string, embedder: string): string {
  return path.join(directory, internal.models, `${embedder}.json`);
}

/**
 * Binds a run folder to what an embedder has loaded, for good: DIR/.virnucpro/models/<embedder>.json is only ever created.
 * Of two who bind at once, both get what one of them has loaded.
 *
 * @returns what the folder is bound to, which may differ from `loaded`
 * @throws VirnucproError `CheckpointError.Incompatible` if the file is not one of ours; errno errors
 */
export async function bindModel(directory: string, embedder: string, loaded: Fingerprint): Promise<Fingerprint> {
  const bound = await readBinding(directory, embedder);
  if (bound !== undefined) return bound;
  await makeDurableFolder(nodeFileSystem, path.join(directory, internal.models));
  const content = { schema: 1, fingerprint: loaded, boundAt: new Date().toISOString() };
  await createFile(bindingPath(directory, embedder), `${JSON.stringify(content, null, 2)}\n`);
  return (await readBinding(directory, embedder)) ?? loaded;
}

async function readBinding(directory: string, embedder: string): Promise<Fingerprint | undefined> {
  const file = bindingPath(directory, embedder);
  let text: string;
  try {
    text = await fs.readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const parsed = bindingSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data.fingerprint;
  const issue = parsed.error.issues[0];
  throw new VirnucproError(
    FailureType.CheckpointIncompatible,
    `${file} does not say which model its folder was made with (${issue?.path.join('.') || 'content'}: ${issue?.message}): choose another folder, or put the file back from a copy`,
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
 * A run.json with what its embedders are bound to: they are bound while a run goes on, by workers that must not write
 * run.json, which the next run may be writing.
 *
 * @throws what {@link bindModel} throws
 */
export async function withBindings(directory: string, manifest: RunManifest): Promise<RunManifest> {
  const embedders = { ...manifest.embedders };
  for (const [name, { fingerprint }] of Object.entries(embedders)) {
    const bound = await readBinding(directory, name);
    if (bound !== undefined) embedders[name] = { fingerprint: { ...fingerprint, ...bound } };
  }
  return { ...manifest, embedders };
}

/**
 * Puts into run.json what its embedders are bound to. Only for whoever holds the claim. What cannot be read was refused when
 * the run was checked, and must not keep it from saying so.
 *
 * @throws errno errors
 */
export async function recordBindings(directory: string): Promise<void> {
  try {
    const manifest = await readManifest(directory);
    if (manifest === undefined) return;
    const bound = await withBindings(directory, manifest);
    if (JSON.stringify(bound) !== JSON.stringify(manifest)) await replaceManifest(directory, bound);
  } catch (error) {
    if (!(error instanceof VirnucproError)) throw error;
  }
}
