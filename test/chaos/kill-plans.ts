import { Random } from '../fuzz/random.ts';

/** When an activity's process is killed: before or within a step, or after a share of the time that the activity takes. */
export interface KillPlan {
  at: { step: number; torn: number } | { share: number };
  /** The embedder is killed at the same moment; otherwise it has to notice by itself. */
  all: boolean;
}

/** Kills of one task, in order: each of a process that goes on where the one before was killed. */
export interface TaskPlan {
  embedFile: KillPlan[];
  saveCheckpoint: KillPlan[];
}

/** How many steps the activities have, uninterrupted. */
export interface StepCounts {
  embedFile: number;
  saveCheckpoint: number;
}

/** Kills in a row while an attempt takes up what the ones before have left. */
const DEPTH = 10;
/** Steps in which an attempt that resumes claims its epoch and takes up the rows that are there. */
const RECOVERY_STEPS = 12;
/** An attempt that resumes has more steps than one that starts anew. */
const MORE_STEPS = 1.3;
const MOST_KILLS = 4;

function atStep(random: Random, step: number): KillPlan {
  return { at: { step, torn: random.below(1000) }, all: random.chance(0.5) };
}

function atAnyTime(random: Random): KillPlan {
  return { at: { share: random.u32() / 2 ** 32 }, all: random.chance(0.5) };
}

/** A kill at every step of both activities. */
export function everyStep(counts: StepCounts, seed: number): TaskPlan[] {
  const random = new Random(seed, 1);
  const tasks = Math.max(counts.embedFile, counts.saveCheckpoint);
  return Array.from({ length: tasks }, (_, at) => ({
    embedFile: at < counts.embedFile ? [atStep(random, at + 1)] : [],
    saveCheckpoint: at < counts.saveCheckpoint ? [atStep(random, at + 1)] : [],
  }));
}

/**
 * A kill about where a step was seen: threads do not take their steps in one order, so another may be hit at its number.
 */
export function aboutStep(activity: keyof StepCounts, step: number, seed: number): TaskPlan[] {
  const random = new Random(seed, step);
  return [step, step - 1, step + 1]
    .filter((number) => number > 0)
    .map((number) => ({ embedFile: [], saveCheckpoint: [], [activity]: [atStep(random, number)] }));
}

/** A kill with some rows durable and some not, and then ten of attempts that take them up. */
export function deepRecovery(counts: StepCounts, seed: number): TaskPlan {
  const random = new Random(seed, 2);
  const first = atStep(random, Math.floor(counts.embedFile * 0.75));
  const recoveries = Array.from({ length: DEPTH }, () => atStep(random, 1 + random.below(RECOVERY_STEPS)));
  return { embedFile: [first, ...recoveries], saveCheckpoint: [] };
}

/** Kills at random steps and times, a few of each task. */
export function randomKills(counts: StepCounts, seed: number, task: number): TaskPlan {
  const random = new Random(seed, 3 + task);
  const some = (activity: keyof StepCounts, kills: number): KillPlan[] => {
    const steps = Math.ceil(MORE_STEPS * counts[activity]);
    return Array.from({ length: kills }, () =>
      random.chance(0.5) ? atAnyTime(random) : atStep(random, 1 + random.below(steps)),
    );
  };
  return {
    embedFile: some('embedFile', 1 + random.below(MOST_KILLS)),
    saveCheckpoint: some('saveCheckpoint', random.below(MOST_KILLS)),
  };
}
