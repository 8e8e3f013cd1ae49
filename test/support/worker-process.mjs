// A worker process for tests that kill and stop it: serves the files and the fake embedder of one queue, its workflows too or
// not, and notes in a file when attempts of activities begin and how they end. See worker-process.ts.
import { appendFileSync } from 'node:fs';
import process from 'node:process';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities, ResidentEmbedders } from '../../dist/activities/index.js';
import { createWorkers } from '../../dist/worker/index.js';

/** Heartbeat timeouts of 1 s leave no room for beats that are held back for 0.8 s on a busy machine. */
const BEAT_THROTTLE = '200 milliseconds';
/** A workflow whose worker was killed must not wait the usual 10 s for it. */
const STICKY_TIMEOUT = '1 second';

const silent = () => {};
const { address, queue, attempts, workflows, stopAt } = JSON.parse(process.argv[2] ?? '{}');
const steps = stopAt === undefined ? undefined : await import('./activity-steps.mjs');

Runtime.install({
  logger: new DefaultLogger('ERROR', silent),
  telemetryOptions: { logging: { filter: 'OFF', forward: {} } },
});

/** @type {import('@temporalio/worker').ActivityInterceptorsFactory} */
const noting = ({ info }) => ({
  inbound: {
    execute: async (input, next) => {
      const { activityType: activity, activityId, attempt, workflowExecution } = info;
      const task = `${workflowExecution?.workflowId ?? ''} ${activityId}`;
      /** @type {(event: string, type?: string) => void} */
      const note = (event, type) => {
        const entry = { event, activity, task, attempt, pid: process.pid, at: Date.now(), ...(type && { type }) };
        appendFileSync(attempts, `${JSON.stringify(entry)}\n`);
      };
      note('begun');
      if (activity === stopAt?.activity) steps?.armSteps({ at: stopAt.step, action: 'stop' });
      try {
        const result = await next(input);
        note('completed');
        return result;
      } catch (error) {
        const { type, name } = /** @type {{ type?: string, name: string }} */ (error);
        note('failed', type ?? name);
        throw error;
      }
    },
  },
});

const connection = await NativeConnection.connect({ address });
const common = {
  connection,
  namespace: 'default',
  maxHeartbeatThrottleInterval: BEAT_THROTTLE,
  defaultHeartbeatThrottleInterval: BEAT_THROTTLE,
  stickyQueueScheduleToStartTimeout: STICKY_TIMEOUT,
  interceptors: { activity: [noting] },
};

function everything() {
  return createWorkers({
    ...common,
    address,
    taskQueue: queue,
    gpuTaskQueues: { fake: `${queue}-gpu` },
    embedders: ['fake'],
    log: silent,
    workerOptions: common,
  });
}

/** One activity at a time, so that a stopped process has no poll open that would take another attempt and lose it. */
async function activitiesOnly() {
  const embedders = new ResidentEmbedders(silent);
  const activities = createActivities({ embedders, server: { address, namespace: 'default' } });
  const queues = [queue, `${queue}-gpu`];
  const options = { ...common, activities, maxConcurrentActivityTaskExecutions: 1 };
  const workers = await Promise.all(queues.map((taskQueue) => Worker.create({ ...options, taskQueue })));
  return {
    run: async () => {
      await Promise.all(workers.map((worker) => worker.run()));
      await embedders.stopAll();
    },
    shutdown: () => workers.forEach((worker) => worker.shutdown()),
  };
}

const workers = await (workflows ? everything() : activitiesOnly());
process.stdin.on('end', () => workers.shutdown()).resume();
process.stdout.write('ready\n');
await workers.run();
await connection.close();
