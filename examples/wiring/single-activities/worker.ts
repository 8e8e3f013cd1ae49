// One worker for your workflow, your activities and those of virnucpro-temporal.
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createActivities, ResidentEmbedders } from 'virnucpro-temporal/activities';
import { connectionSettings } from 'virnucpro-temporal/client';
import * as own from './own-activities.js';

const { address, namespace, connectionOptions } = connectionSettings();
const connection = await NativeConnection.connect(connectionOptions);
const embedders = new ResidentEmbedders();
const worker = await Worker.create({
  connection,
  namespace,
  taskQueue: 'hand-on',
  workflowsPath: fileURLToPath(new URL('./workflows.js', import.meta.url)),
  activities: { ...createActivities({ embedders, server: { address, namespace } }), ...own },
  // Rows at hand are made durable, and tasks handed back, before the process ends.
  shutdownForceTime: '20 seconds',
});
try {
  await worker.run();
} finally {
  await embedders.stopAll();
  await connection.close();
}
