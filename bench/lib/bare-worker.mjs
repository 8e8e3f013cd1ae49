// A process of its own: serves the bare workflow at the address that is its argument, until its parent is gone or asks.
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import process from 'node:process';
import { bareWorker } from './bare.mjs';

Runtime.install({ logger: new DefaultLogger('WARN') });
const connection = await NativeConnection.connect({ address: process.argv[2] ?? '' });
const worker = await bareWorker(connection, 'default');
process.once('disconnect', () => worker.shutdown());
process.send?.('ready');
await worker.run();
await connection.close();
if (process.connected) process.disconnect();
