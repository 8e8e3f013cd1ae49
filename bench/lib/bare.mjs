// What durable orchestration costs at the least: the workflow that a run is compared with, and its worker.
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';

const QUEUE = 'bench-bare';

/**
 * @param {import('@temporalio/worker').NativeConnection} connection
 * @param {string} namespace
 */
export async function bareWorker(connection, namespace) {
  const workflowsPath = fileURLToPath(new URL('bare-workflow.mjs', import.meta.url));
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  const activities = { noop: async () => {} };
  return Worker.create({ connection, namespace, taskQueue: QUEUE, workflowBundle, activities });
}

/**
 * @param {import('@temporalio/client').Client} client
 * @param {number} items
 * @param {number} inFlight
 */
export async function bareRun(client, items, inFlight) {
  await client.workflow.execute('bareFanOut', {
    workflowId: `bare-${randomUUID()}`,
    taskQueue: QUEUE,
    args: [items, inFlight],
  });
}
