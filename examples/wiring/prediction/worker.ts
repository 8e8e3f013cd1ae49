// Serves the workflows of this folder. The predictions are served by `virnucpro worker`, here or elsewhere.
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { connectionSettings } from 'virnucpro-temporal/client';

const { namespace, connectionOptions } = connectionSettings(); // TEMPORAL_ADDRESS, TEMPORAL_PROFILE, …
const connection = await NativeConnection.connect(connectionOptions);
const worker = await Worker.create({
  connection,
  namespace,
  taskQueue: 'screening',
  workflowsPath: fileURLToPath(new URL('./workflows.js', import.meta.url)),
});
await worker.run(); // until SIGINT or SIGTERM
await connection.close();
