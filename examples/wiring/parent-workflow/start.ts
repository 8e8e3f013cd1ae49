// node build/parent-workflow/start.js DIR INPUT...
import * as path from 'node:path';
import { connectClient, connectionSettings } from 'virnucpro-temporal/client';
import type { embedBatch } from './workflows.js';

const [directory, ...inputs] = process.argv.slice(2).map((argument) => path.resolve(argument));
if (directory === undefined || inputs.length === 0) throw new Error('expected DIR INPUT...');

const client = await connectClient(connectionSettings());
const result = await client.workflow.execute<typeof embedBatch>('embedBatch', {
  taskQueue: 'pipeline',
  workflowId: `batch-${path.basename(directory)}`,
  args: [{ directory, inputs }],
});
console.log(JSON.stringify(result));
await client.connection.close();
