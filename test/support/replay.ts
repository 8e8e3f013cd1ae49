import { replayHistories, type ReplayVerdict, type WorkflowHistory } from '../../src/client/index.ts';

/** @param bundle path of workflow code; that of this version if left out */
export async function verdictsOf(histories: Iterable<WorkflowHistory>, bundle?: string): Promise<ReplayVerdict[]> {
  const verdicts: ReplayVerdict[] = [];
  const options = bundle === undefined ? {} : { workflowBundlePath: bundle };
  for await (const verdict of replayHistories(histories, options)) verdicts.push(verdict);
  return verdicts;
}

export async function verdictOf(history: WorkflowHistory, bundle?: string): Promise<ReplayVerdict> {
  const [verdict] = await verdictsOf([history], bundle);
  if (verdict === undefined) throw new Error('nothing was replayed');
  return verdict;
}
