import { stat } from 'node:fs/promises';
import * as path from 'node:path';
import { readManifest, type RunManifest } from '../../run/manifest.ts';
import { checkCheckpoints } from './checkpoints.ts';
import { checkDiskSpace } from './disk-space.ts';
import type { Finding } from './finding.ts';
import { judgePlan, readLatestPlan, type LatestPlan } from './latest-plan.ts';
import { checkLeftovers } from './leftovers.ts';
import { checkMount } from './mount.ts';
import { checkOwner } from './owner.ts';
import { checkpointFolders, describePrediction } from './prediction-folder.ts';
import { checkStorage } from './storage.ts';

/** What a run folder says of itself. */
export interface RunState {
  manifest?: RunManifest;
  latest?: LatestPlan;
  findings: Finding[];
}

/** Reads run.json, the claim and the last plan. */
export async function examineRun(directory: string): Promise<RunState> {
  const findings: Finding[] = [];
  const attempt = async <T>(
    read: () => Promise<T>,
    problem: Pick<Finding, 'check' | 'todo'>,
  ): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      findings.push({ status: 'problem', message: (error as Error).message, ...problem });
      return undefined;
    }
  };
  const manifest = await attempt(() => readManifest(directory), {
    check: 'run',
    todo: 'choose another folder with --out, or put run.json back from a copy',
  });
  if (manifest !== undefined) findings.push(...(await describe(directory, manifest)));
  const todo = 'start the run again: it plans anew';
  const latest = await attempt(() => readLatestPlan(directory), { check: 'plan', todo });
  const readable = 'let this user read .virnucpro in the run folder';
  findings.push(...((await attempt(() => checkOwner(directory), { check: 'owner', todo: readable })) ?? []));
  if (latest !== undefined) findings.push(judgePlan(latest));
  return { findings, ...(manifest && { manifest }), ...(latest && { latest }) };
}

async function describe(directory: string, manifest: RunManifest): Promise<Finding[]> {
  const { prediction } = manifest;
  return prediction === undefined ? [describeRun(manifest)] : describePrediction(directory, manifest, prediction);
}

function describeRun({ runId, createdAt, embedders, inputs }: RunManifest): Finding {
  const names = Object.keys(embedders).join(', ') || 'no embedder yet';
  const message = `run ${runId} of ${createdAt}: ${Object.keys(inputs).length} inputs, ${names}`;
  return { check: 'run', status: 'ok', message };
}

/** Storage, mount, space, and what lies in the folder. */
export async function examineFolder(
  directory: string,
  { manifest, latest }: Partial<RunState> = {},
): Promise<Finding[]> {
  const folder = await nearestFolder(directory);
  const about: Finding[] =
    folder === directory
      ? []
      : [{ check: 'folder', status: 'info', message: `${directory} does not exist yet: looking at ${folder}` }];
  try {
    return [
      ...about,
      ...(await checkStorage(folder)),
      ...(await checkMount(folder)),
      await checkDiskSpace(folder, latest),
      ...(folder === directory ? await examineContent(folder, checkpointFolders(manifest)) : []),
    ];
  } catch (error) {
    const todo = 'name a folder that this user may read and write';
    return [...about, { check: 'folder', status: 'problem', message: (error as Error).message, todo }];
  }
}

async function examineContent(folder: string, inside: readonly string[]): Promise<Finding[]> {
  return [...(await checkCheckpoints(folder, inside)), ...(await checkLeftovers(folder, inside))];
}

/** The folder itself, or the nearest above it that exists. */
async function nearestFolder(directory: string): Promise<string> {
  try {
    await stat(directory);
    return directory;
  } catch (error) {
    const above = path.dirname(directory);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === directory) return directory;
    return nearestFolder(above);
  }
}
