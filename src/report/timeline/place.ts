import * as path from 'node:path';
import { INTERNAL_FOLDER } from '../../run/run-folder.ts';

/** Digits of a plan's SHA-256 that name the folder of its timeline. */
const PLAN_DIGITS = 16;

/** DIR/.virnucpro/timeline */
export function timelineFolder(directory: string): string {
  return path.join(directory, INTERNAL_FOLDER, 'timeline');
}

/** Where what was done for one plan is told: as names of failures are, by the digest of the plan. */
export function timelineOfPlan(directory: string, plan: string): string {
  return path.join(timelineFolder(directory), plan.slice(0, PLAN_DIGITS));
}
