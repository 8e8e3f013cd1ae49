// A nightly embedding run over a folder into which files are dropped.
//
//   node build/schedule/nightly.js create DIR DROP-FOLDER    every night at 2:00
//   node build/schedule/nightly.js trigger                   now, once
//   node build/schedule/nightly.js results                   how the last runs ended
//   node build/schedule/nightly.js delete
import * as path from 'node:path';
import { ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import { IO_TASK_QUEUE, WORKFLOW_EMBEDDING_RUN, type EmbeddingRunInput } from 'virnucpro-temporal';
import { attachRun, connectClient, connectionSettings } from 'virnucpro-temporal/client';

const SCHEDULE = 'nightly-embedding';

async function create(client: Client, directory: string, dropFolder: string): Promise<void> {
  // The folder, not its files: what is in it is looked up by each run. What is embedded already is found, not embedded again.
  const request: EmbeddingRunInput = {
    contract: 1,
    directory: path.resolve(directory),
    inputs: [path.resolve(dropFolder)],
    recursive: true,
    embedders: [{ name: 'kmer' }],
    // A damaged checkpoint shall not stop a night: the others go on, and the run ends as `partial`.
    onBadCheckpoint: 'skip',
  };
  await client.schedule.create({
    scheduleId: SCHEDULE,
    spec: { calendars: [{ hour: 2 }], timezone: 'UTC' },
    policies: {
      // A run that takes more than a day: the next night is left out, the one after finds everything that has come since.
      overlap: ScheduleOverlapPolicy.SKIP,
      // A server that was away at 2:00 starts the run when it is back, until 8:00.
      catchupWindow: '6 hours',
    },
    action: {
      type: 'startWorkflow',
      workflowType: WORKFLOW_EMBEDDING_RUN,
      taskQueue: IO_TASK_QUEUE,
      // The schedule adds the time. Two runs on one folder are kept apart by the claim inside the folder.
      workflowId: SCHEDULE,
      args: [request],
    },
  });
}

/** One line of JSON for each of the last runs, the oldest first; waits for one that is open. */
async function results(client: Client): Promise<void> {
  const { info } = await client.schedule.getHandle(SCHEDULE).describe();
  for (const { action, takenAt } of info.recentActions) {
    const run = await attachRun(client, { workflowId: action.workflow.workflowId });
    console.log(JSON.stringify({ takenAt, workflowId: run.workflowId, ...(await run.result()) }));
  }
}

const [command, directory = '', dropFolder = ''] = process.argv.slice(2);
const client = await connectClient(connectionSettings());
const schedule = client.schedule.getHandle(SCHEDULE);
if (command === 'create' && dropFolder !== '') await create(client, directory, dropFolder);
else if (command === 'trigger') await schedule.trigger();
else if (command === 'results') await results(client);
else if (command === 'delete') await schedule.delete();
else throw new Error('expected create DIR DROP-FOLDER, trigger, results or delete');
await client.connection.close();
