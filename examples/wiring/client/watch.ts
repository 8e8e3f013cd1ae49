// Watches the run of a folder, whoever has started it, and ends with its exit code: node build/client/watch.js DIR
import * as path from 'node:path';
import { attachRun, connectClient, connectionSettings } from 'virnucpro-temporal/client';

const client = await connectClient(connectionSettings());
const run = await attachRun(client, { directory: path.resolve(process.argv[2] ?? '.') });
console.log(`watching ${run.workflowId}`);

// Ends when the run has ended, however it did; silent while the server or all workers are away.
for await (const { phase, found, embedded, total, spooledRows, openRows, troubles } of run) {
  console.log(`${phase}: ${found + embedded} of ${total} files, ${spooledRows} of ${openRows} rows of open ones`);
  for (const trouble of troubles) console.log(`being tried again: ${trouble}`);
}

const outcome = await run.result(); // a failed run does not throw: it has an outcome, too
switch (outcome.outcome) {
  case 'checkpoint':
    console.error(`${outcome.failureType}: ${outcome.offenders.map(({ path: file }) => file).join(', ')}`);
    break;
  case 'success':
  case 'partial':
  case 'failed':
  case 'cancelled':
    console.log(`${outcome.outcome}: ${outcome.message}`);
}
process.exitCode = outcome.exitCode;
await client.connection.close();
