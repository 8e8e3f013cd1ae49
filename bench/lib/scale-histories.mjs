/**
 * What a run has left in the histories of the server, and what its open activities say meanwhile.
 *
 * @typedef {import('@temporalio/client').Client} Client
 * @typedef {{ workflowId: string, runId: string, events: number }} Execution
 * @typedef {NonNullable<import('@temporalio/common/lib/proto-utils.js').History['events']>[number]} Event
 */

/** Descriptions asked for side by side. */
const AT_ONCE = 16;

/**
 * Every execution of a run: the root with all it has continued as, and all partitions.
 *
 * @param {Client} client
 * @param {string} workflowId of the run
 * @returns {Promise<{ root: Execution[], partitions: Execution[], payloads: PayloadSizes }>} newest root first; `payloads`
 *   of the root's executions
 */
export async function executionsOf(client, workflowId) {
  /** @type {Execution[]} */
  const root = [];
  /** @type {{ workflowId: string, runId: string }[]} */
  const children = [];
  const payloads = new PayloadSizes();
  /** @type {string | undefined} */
  let runId;
  do {
    const handle = client.workflow.getHandle(workflowId, runId);
    /** @type {Event[]} */
    const events = (await handle.fetchHistory()).events ?? [];
    const described = await handle.describe();
    root.push({ workflowId, runId: described.runId, events: described.historyLength });
    payloads.add(workflowId, events);
    for (const event of events) {
      const child = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution;
      if (child?.workflowId && child.runId) children.push({ workflowId: child.workflowId, runId: child.runId });
    }
    runId = events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
  } while (runId !== undefined);
  return { root, partitions: await describeAll(client, children), payloads };
}

/**
 * @param {Client} client
 * @param {readonly { workflowId: string, runId: string }[]} executions
 * @returns {Promise<Execution[]>}
 */
async function describeAll(client, executions) {
  /** @type {Execution[]} */
  const described = [];
  for (let start = 0; start < executions.length; start += AT_ONCE) {
    const some = executions.slice(start, start + AT_ONCE).map(async (execution) => {
      const { historyLength } = await client.workflow.getHandle(execution.workflowId, execution.runId).describe();
      return { ...execution, events: historyLength };
    });
    described.push(...(await Promise.all(some)));
  }
  return described;
}

/** The largest payloads seen, as they are on the wire: data and metadata, after any codec. */
export class PayloadSizes {
  count = 0;
  largest = 0;
  /** Where the largest was seen. */
  where = '';

  /**
   * Takes every payload anywhere in a value.
   *
   * @param {string} where
   * @param {unknown} value
   */
  add(where, value) {
    for (const bytes of payloadBytes(value)) {
      this.count++;
      if (bytes <= this.largest) continue;
      this.largest = bytes;
      this.where = where;
    }
  }

  /** @param {PayloadSizes} other */
  merge(other) {
    this.count += other.count;
    if (other.largest <= this.largest) return;
    this.largest = other.largest;
    this.where = other.where;
  }
}

/**
 * @param {unknown} value
 * @returns {Generator<number, void, undefined>}
 */
function* payloadBytes(value) {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  const { data, metadata } = /** @type {{ data?: unknown, metadata?: unknown }} */ (value);
  if (data instanceof Uint8Array && typeof metadata === 'object' && metadata !== null) {
    const fields = /** @type {[string, Uint8Array][]} */ (Object.entries(metadata));
    yield fields.reduce((sum, [key, bytes]) => sum + key.length + bytes.byteLength, data.byteLength);
    return;
  }
  for (const inner of Object.values(value)) yield* payloadBytes(inner);
}

/**
 * @param {Client} client
 * @param {readonly Execution[]} executions
 */
export async function payloadsOf(client, executions) {
  const sizes = new PayloadSizes();
  for (const { workflowId, runId } of executions) {
    sizes.add(workflowId, (await client.workflow.getHandle(workflowId, runId).fetchHistory()).events);
  }
  return sizes;
}

/**
 * Largest heartbeat details that open activities of a run and its partitions have now, in bytes on the wire.
 *
 * @param {Client} client
 * @param {string} workflowId
 */
export async function heartbeatDetailsNow(client, workflowId) {
  const sizes = new PayloadSizes();
  const run = await describeRaw(client, workflowId);
  for (const { workflowId: child } of run.pendingChildren ?? []) {
    if (!child) continue;
    for (const { heartbeatDetails } of (await describeRaw(client, child)).pendingActivities ?? [])
      sizes.add(child, heartbeatDetails);
  }
  return sizes;
}

/**
 * @param {Client} client
 * @param {string} workflowId
 */
function describeRaw(client, workflowId) {
  const { namespace } = client.options;
  return client.workflowService.describeWorkflowExecution({ namespace, execution: { workflowId } });
}

/**
 * Seconds of the activities of an execution, by type; for those that it ran once.
 *
 * @param {Client} client
 * @param {string} workflowId
 * @param {string} [runId]
 * @returns {Promise<Record<string, number>>}
 */
export async function activitySeconds(client, workflowId, runId) {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  /** @type {Record<string, number>} */
  const seconds = {};
  for (const event of events ?? []) {
    const completed = event.activityTaskCompletedEventAttributes;
    if (!completed) continue;
    const at = (/** @type {unknown} */ id) => events?.find(({ eventId }) => String(eventId) === String(id));
    const type = at(completed.scheduledEventId)?.activityTaskScheduledEventAttributes?.activityType?.name ?? 'unknown';
    seconds[type] = secondsOf(event.eventTime) - secondsOf(at(completed.startedEventId)?.eventTime);
  }
  return seconds;
}

/** @param {{ seconds?: unknown, nanos?: number | null } | null | undefined} time */
export function secondsOf(time) {
  return Number(time?.seconds ?? 0) + Number(time?.nanos ?? 0) / 1e9;
}
