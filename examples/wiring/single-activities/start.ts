// node build/single-activities/start.js DIR TARGET INPUT...
import * as path from 'node:path';
import { connectClient, connectionSettings } from 'virnucpro-temporal/client';
import type { embedAndHandOn } from './workflows.js';

const [directory, target, ...inputs] = process.argv.slice(2).map((argument) => path.resolve(argument));
if (directory === undefined || target === undefined || inputs.length === 0)
  throw new Error('expected DIR TARGET INPUT...');

const client = await connectClient(connectionSettings());
const outcome = await client.workflow.execute<typeof embedAndHandOn>('embedAndHandOn', {
  taskQueue: 'hand-on',
  workflowId: `hand-on-${path.basename(directory)}`,
  // Its own queue for embedding, too: the worker of this folder does everything.
  args: [{ contract: 1, directory, inputs, embedders: [{ name: 'kmer', taskQueue: 'hand-on' }] }, target],
});
console.log(JSON.stringify(outcome));
await client.connection.close();
