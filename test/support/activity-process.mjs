// Runs activities in a process of its own, without a server: a line of JSON on stdin asks for one, lines of JSON on stdout
// say what came of it. See activity-process.ts.
import process from 'node:process';
import { createInterface } from 'node:readline';
import { asyncLocalStorage, Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure, noopMetricMeter } from '@temporalio/common';
import { createActivities, ResidentEmbedders } from '../../dist/activities/index.js';
import { armSteps, tell } from './activity-steps.mjs';

/** Beats come five times as often: what is durable is known to the other process within milliseconds. */
const HEARTBEAT_TIMEOUT_MS = 25;

const silent = () => {};
const logger = { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent };
/** Claims on the run folder name the namespace's id where the server tells it. */
const client = /** @type {any} */ ({ workflowService: { describeNamespace: () => Promise.resolve({}) } });
const embedders = new ResidentEmbedders(silent);
const activities = createActivities({ embedders, server: { address: 'none', namespace: 'none' } });
/** @type {AbortController | undefined} */
let running;

/**
 * @param {AbortController} controller
 * @param {{ activity: string, attempt?: number | undefined }} request
 */
function contextOf(controller, { activity, attempt = 1 }) {
  const info = {
    activityId: '1',
    activityType: activity,
    attempt,
    heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS,
    scheduledTimestampMs: Date.now(),
    workflowExecution: { workflowId: 'activity-process', runId: 'activity-process' },
  };
  /** @type {Promise<never>} */
  const cancelled = new Promise((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason));
  });
  cancelled.catch(silent);
  let durable = -1;
  /** @param {{ durableRows?: number } | undefined} details */
  const heartbeat = (details) => {
    if (details?.durableRows === undefined || details.durableRows === durable) return;
    durable = details.durableRows;
    tell({ durable });
  };
  const facts = /** @type {any} */ (info);
  return new Context(facts, cancelled, controller.signal, heartbeat, client, logger, noopMetricMeter, {});
}

/** @param {{ activity: keyof typeof activities, input: any, attempt?: number, steps?: object }} request */
async function serve({ activity, input, attempt, steps = {} }) {
  running = new AbortController();
  const context = contextOf(running, { activity, attempt });
  armSteps(steps);
  try {
    const result = await asyncLocalStorage.run(context, () => activities[activity](input));
    armSteps({});
    tell({ result });
  } catch (error) {
    armSteps({});
    const { type = null, message } = error instanceof ApplicationFailure ? error : { message: String(error) };
    tell({ failure: { type, message } });
  }
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const request = JSON.parse(line);
  if (request.abort === undefined) void serve(request);
  else running?.abort(new CancelledFailure(request.abort));
});
lines.on('close', () => void embedders.stopAll().then(() => process.exit(0)));
tell({ ready: true });
