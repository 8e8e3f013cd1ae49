// node build/prediction/start.js '{"sample": {"contract": 1, "directory": "…", "inputs": ["…"], "model": "…"}}'
import { connectClient, connectionSettings } from 'virnucpro-temporal/client';
import type { screenSamples } from './workflows.js';

const [samples] = process.argv.slice(2);
if (samples === undefined) throw new Error('expected a JSON object: for each sample an input of predictVirus');

const client = await connectClient(connectionSettings());
const screened = await client.workflow.execute<typeof screenSamples>('screenSamples', {
  taskQueue: 'screening',
  workflowId: 'screening',
  args: [JSON.parse(samples)],
});
for (const one of screened) console.log(JSON.stringify(one));
await client.connection.close();
