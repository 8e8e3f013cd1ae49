import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { openTree } from '../../../src/client/open-tree.ts';

/** A server that knows these workflows, with the ids of their open children. */
function serverWith(known: Record<string, string[]>): Client {
  const describeWorkflowExecution = async ({ execution }: { execution: { workflowId: string } }) => {
    const children = known[execution.workflowId];
    if (children !== undefined) return { pendingChildren: children.map((workflowId) => ({ workflowId })) };
    throw Object.assign(new Error('5 NOT_FOUND'), { code: 5, details: 'not found', metadata: {} });
  };
  return { workflowService: { describeWorkflowExecution }, options: {} } as unknown as Client;
}

async function idsOf(client: Client, workflowId: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const open of openTree(client, workflowId)) ids.push(open.workflowId);
  return ids;
}

describe('openTree', () => {
  it('a prediction → its runs and their partitions; a child that has not started yet is left out', async () => {
    const known = { prediction: ['n', 'p', 'later'], n: ['n-1', 'n-2'], 'n-1': [], 'n-2': [], p: ['gone'] };
    expect(await idsOf(serverWith(known), 'prediction')).toEqual(['prediction', 'n', 'n-1', 'n-2', 'p']);
  });

  it('a workflow that the server does not know → WorkflowNotFoundError', async () => {
    await expect(idsOf(serverWith({}), 'x')).rejects.toBeInstanceOf(WorkflowNotFoundError);
  });
});
