import { crashStates, type CrashStateOptions } from '../../support/crash-states.ts';
import { carryOn } from './carry-on.ts';
import { liveThrough, soundEnd, type Kills, type Storage, type Work } from './life-of-a-task.ts';

/** What was tried, and what was wrong: each problem once, with the state in which it came up first. */
export interface Findings {
  states: number;
  violations: Map<string, string>;
}

/** Crashes of lives in which the first attempt at embedding or publishing is killed at each of its operations in turn. */
export async function crashEverywhere(
  storage: Storage,
  work: Work,
  options: CrashStateOptions,
  steps: readonly (keyof Kills)[] = ['embed', 'save'],
): Promise<Findings> {
  const findings: Findings = { states: 0, violations: new Map() };
  for (const step of steps) {
    for (let operations = 0; ; operations++) {
      if (!(await crashOneLife(storage, work, { [step]: operations }, options, findings))) break;
    }
  }
  return findings;
}

/** @returns whether there was something to kill */
export async function crashOneLife(
  storage: Storage,
  work: Work,
  kills: Kills,
  options: CrashStateOptions,
  findings: Findings,
): Promise<boolean> {
  const sound = await soundEnd(storage, work);
  const { model, killedAt, embeddedAt, wasKilled } = await liveThrough(storage, work, kills);
  // What lies before the killing, and after the step that was killed has been made up for, is as in any other life.
  const until = kills.embed === undefined ? model.journal.length : embeddedAt;
  for (const state of crashStates(model, { ...options, from: killedAt, until })) {
    findings.states += 1;
    for (const problem of await carryOn(storage, work, state, sound)) {
      if (findings.violations.has(problem)) continue;
      findings.violations.set(problem, `${JSON.stringify(kills)} ${state.description}`);
    }
  }
  return wasKilled;
}
