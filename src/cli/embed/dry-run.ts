import type { RunOptions } from '../../client/index.ts';
import { checkOptions } from '../../client/prepare-run.ts';
import { checkRequest } from '../../run/compatibility.ts';
import { withBindings } from '../../run/model-binding.ts';
import { summarizePlan, type PlannedTask } from '../../run/plan.ts';
import { draftPlan } from '../../run/planner.ts';
import { manifestOrNew } from '../session/manifest-or-new.ts';

/** `embed --dry-run --json` */
export interface DryRun {
  schema: 1;
  outcome: 'planned';
  exitCode: 0;
  message: string;
  tasks: number;
  found: number;
  pending: number;
  skipped: number;
  bad: number;
  plan: {
    path: string;
    input: string;
    embedder: string;
    state: string;
    reason?: string;
    detail?: string;
    rows: number;
  }[];
}

/** Runs the planner in this process: starts nothing, writes nothing. */
export async function dryRun(options: RunOptions): Promise<DryRun> {
  const signal = new AbortController().signal;
  const input = await checkOptions(options);
  const written = await manifestOrNew(options.directory);
  const manifest = await withBindings(options.directory, written);
  const { request } = await checkRequest(input, manifest, signal);
  const { plan } = await draftPlan(options.directory, manifest.runId, request, signal);
  const { total, found, pending, skipped, bad, message } = summarizePlan('', plan);
  return {
    schema: 1,
    outcome: 'planned',
    exitCode: 0,
    message,
    tasks: total,
    found,
    pending,
    skipped,
    bad,
    plan: plan.tasks.map(planned),
  };
}

function planned(task: PlannedTask): DryRun['plan'][number] {
  const { checkpoint, input, embedder, state, reason, detail, part } = task;
  return {
    path: checkpoint,
    input,
    embedder,
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(detail === undefined ? {} : { detail }),
    rows: part.count,
  };
}

/** What people read of a dry run. */
export function describeDryRun(run: DryRun): string {
  const lines = run.plan.map(
    ({ path, state, reason, rows, detail }) =>
      `  ${state.padEnd(8)}${path}  ${rows} rows${reason === undefined ? '' : `  (${detail ?? reason})`}`,
  );
  return `${[run.message, ...lines].join('\n')}\n`;
}
