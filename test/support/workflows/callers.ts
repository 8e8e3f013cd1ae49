import { executeChild, proxyActivities } from '@temporalio/workflow';
import type { VirnucproActivities } from '../../../src/contract/activities.ts';

/** A workflow of somebody else's that runs an embedding run as its child, as their code would: nothing is caught. */
export async function runAsChild(input: unknown): Promise<unknown> {
  return executeChild('embeddingRun', { args: [input], taskQueue: 'virnucpro' });
}

/** The same, one level further up. */
export async function runAsGrandchild(input: unknown): Promise<unknown> {
  return executeChild(runAsChild, { args: [input] });
}

/** Uses one activity of the package alone. */
export async function validateOnly(path: string): Promise<unknown> {
  const { validateCheckpoint } = proxyActivities<VirnucproActivities>({
    taskQueue: 'virnucpro',
    startToCloseTimeout: '1 minute',
    heartbeatTimeout: '10 seconds',
  });
  return validateCheckpoint({ contract: 1, path });
}
