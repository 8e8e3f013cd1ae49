import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { loadPlan, type Plan } from '../../run/plan.ts';
import { internal } from '../../run/run-folder.ts';
import { plural } from '../terminal.ts';
import type { Finding } from './finding.ts';

const PLAN = /^([0-9a-f]{64})\.jsonl$/u;

/** What the last run of a folder set out to do, and what of it is not there. */
export interface LatestPlan {
  plan: Plan;
  /** The same with those of its pending tasks only whose checkpoint is not there. */
  lacking: Plan;
}

/** The newest plan of a run folder; undefined where no run has planned. */
export async function readLatestPlan(directory: string): Promise<LatestPlan | undefined> {
  const digest = await newestPlan(join(directory, internal.plans));
  if (digest === undefined) return undefined;
  const plan = await loadPlan(directory, digest);
  const there = new Set(await readdir(directory));
  const isLacking = ({ state, checkpoint }: Plan['tasks'][number]) => state === 'pending' && !there.has(checkpoint);
  return { plan, lacking: { header: plan.header, tasks: plan.tasks.filter(isLacking) } };
}

async function newestPlan(folder: string): Promise<string | undefined> {
  let newest: { digest: string; writtenMs: number } | undefined;
  for (const name of await readdir(folder).catch(() => [])) {
    const digest = PLAN.exec(name)?.[1];
    if (digest === undefined) continue;
    const { mtimeMs: writtenMs } = await stat(join(folder, name));
    if (newest === undefined || writtenMs > newest.writtenMs) newest = { digest, writtenMs };
  }
  return newest?.digest;
}

/** How far the last run has come. */
export function judgePlan({ plan, lacking }: LatestPlan): Finding {
  const check = 'plan';
  const total = plan.tasks.length;
  const bad = plan.tasks.filter(({ state }) => state === 'bad' || state === 'skipped').length;
  const there = total - lacking.tasks.length - bad;
  const message = `the last plan: ${there}/${total} checkpoints are there`;
  if (lacking.tasks.length + bad === 0) return { check, status: 'ok', message };
  const missing = `${plural(lacking.tasks.length, 'file')} to embed`;
  const badText = bad === 0 ? '' : `, ${plural(bad, 'bad checkpoint')} in the way`;
  const todo = 'the same embed command goes on with it, if it is not running';
  return { check, status: 'info', message: `${message}, ${missing}${badText}`, todo };
}
