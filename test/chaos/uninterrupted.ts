import { mkdirSync } from 'node:fs';
import type { EmbedFileResult, SaveCheckpointResult } from '../../src/contract/activities.ts';
import { ActivityProcess } from '../support/activity-process.ts';
import { prepareRun, runFolder } from './activity-run.ts';
import type { StepCounts } from './kill-plans.ts';

/** Files of one run folder. */
export const MOST_FILES = 60;

/** The first file makes folders that the others find, so that its steps have other numbers. */
const TRACED = 1;

/** What an uninterrupted run shows: its checkpoints, and how many steps and milliseconds its activities take. */
export interface Uninterrupted {
  sha256: string[];
  steps: StepCounts;
  /** What the steps are, in their order. */
  trace: { activity: keyof StepCounts; label: string; number: number }[];
  milliseconds: StepCounts;
}

/** Runs tasks one after the other, at least two. */
export async function uninterrupted(folder: string, files = MOST_FILES): Promise<Uninterrupted> {
  mkdirSync(folder);
  const process = new ActivityProcess(runFolder(folder));
  try {
    const run = await prepareRun(folder, files, process);
    const whole: Uninterrupted = {
      sha256: [],
      steps: { embedFile: 0, saveCheckpoint: 0 },
      trace: [],
      milliseconds: { embedFile: 0, saveCheckpoint: 0 },
    };
    for (let index = 0; index < run.files; index++) {
      const measured = async (activity: keyof StepCounts, input: unknown) => {
        const began = Date.now();
        const result = await process.must({ activity, input, steps: { trace: index === TRACED } });
        if (index === 0) whole.milliseconds[activity] = Date.now() - began;
        if (index !== TRACED) return result;
        whole.steps[activity] = process.steps.length;
        whole.trace.push(...process.steps.map(({ step, label }) => ({ activity, label, number: step })));
        return result;
      };
      const rows = (await measured('embedFile', run.task(index))) as EmbedFileResult;
      const saved = (await measured('saveCheckpoint', run.saving(index, rows))) as SaveCheckpointResult;
      whole.sha256.push(saved.sha256);
    }
    return whole;
  } finally {
    await process.close();
  }
}
