import { Context } from '@temporalio/activity';
import { setMaxListeners } from 'node:events';
import { WORKFLOW_EMBED_PARTITION, WORKFLOW_EMBEDDING_RUN, WORKFLOW_PREDICT_VIRUS } from '../contract/names.ts';
import type { VirnucproError } from '../contract/virnucpro-error.ts';
import { heldBy, OWNER_RENEWAL_MS, renewClaim, type Claimant, type Owner } from '../run/owner.ts';
import { claimantOf } from './claimant.ts';
import type { ServerIdentity } from './dependencies.ts';
import { activityLog } from './log-fields.ts';

/**
 * How often an activity says that it lives, at most. The SDK passes on at most one beat per throttle interval (3 s, or 0.8 of
 * a heartbeat timeout that is shorter).
 */
const BEAT_INTERVAL_MS = 1000;
/** Beats within a heartbeat timeout, at least: of one of 1 s, none must be missed because a timer fires late. */
const BEATS_PER_TIMEOUT = 5;

/** What a running activity may use of its surroundings. */
export interface ActivityScope {
  /** Fires on cancellation, on a timeout that the server has noticed, and when the worker shuts down. */
  readonly signal: AbortSignal;
  /** Details of the next heartbeat; at most 1 KiB. */
  describe(details: unknown): void;
}

/** When a workflow has last renewed its run's claim, by folder and workflow. */
const renewedAt = new Map<string, number>();

/**
 * Runs `work` with heartbeats from entry to exit and keeps the claim on the run folder fresh meanwhile.
 *
 * @param directory run folder that the work belongs to, if any
 * @throws what `work` throws; VirnucproError `RunError.InvalidInput` if the folder belongs to another run by now
 */
export async function withHeartbeats<T>(
  directory: string | undefined,
  server: ServerIdentity,
  work: (scope: ActivityScope) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const { cancellationSignal } = context;
  // Not AbortSignal.any: Node 20 keeps a combined signal for ever that someone still listens to when his work is done.
  const stopping = new AbortController();
  const pass = () => stopping.abort(cancellationSignal.reason);
  let lost: VirnucproError | undefined;
  const onLost = (error: VirnucproError) => {
    lost = error;
    stopping.abort(error);
  };
  const renew = () => {
    if (directory !== undefined) void renewSometimes(directory, server, onLost);
  };
  let details: unknown;
  const beat = () => {
    context.heartbeat(details);
    renew();
  };
  // Every file that is read or validated for an activity listens to its signal, many at a time.
  setMaxListeners(0, stopping.signal);
  cancellationSignal.addEventListener('abort', pass, { once: true });
  // No beat at once: the timeout counts from the start of the attempt, and a beat costs the server as much as an activity.
  const timer = setInterval(beat, beatInterval(context.info.heartbeatTimeoutMs));
  try {
    cancellationSignal.throwIfAborted();
    renew();
    return await work({
      signal: stopping.signal,
      describe: (next) => {
        details = next;
      },
    });
  } catch (error) {
    throw lost ?? error;
  } finally {
    clearInterval(timer);
    cancellationSignal.removeEventListener('abort', pass);
  }
}

function beatInterval(heartbeatTimeoutMs: number | undefined): number {
  return Math.min(BEAT_INTERVAL_MS, (heartbeatTimeoutMs || Number.POSITIVE_INFINITY) / BEATS_PER_TIMEOUT);
}

async function renewSometimes(
  directory: string,
  server: ServerIdentity,
  onLost: (error: VirnucproError) => void,
): Promise<void> {
  const now = Date.now();
  const key = `${directory}\0${Context.current().info.workflowExecution?.workflowId}`;
  if (now - (renewedAt.get(key) ?? 0) < OWNER_RENEWAL_MS) return;
  renewedAt.set(key, now);
  try {
    const claimant = await claimantOf(server);
    const owner = await renewClaim(directory, claimant);
    if (owner === undefined || !isCertain(claimant, owner)) return;
    // Every other activity of this run shall learn of it, too.
    renewedAt.delete(key);
    onLost(heldBy(owner, directory));
  } catch (error) {
    activityLog().warn('the claim on the run folder was not renewed', { directory, error });
  }
}

/**
 * Whether another run has the folder beyond doubt, which ends this one. Workflows that are not ours may spread a run over
 * several of theirs, whatever their ids; and of two runs with one id addresses do not tell whether they are the same.
 */
function isCertain({ workflowId, namespaceId }: Claimant, owner: Owner): boolean {
  if (!OUR_WORKFLOWS.has(Context.current().info.workflowType)) return false;
  if (!workflowId.startsWith(owner.workflowId)) return true;
  return namespaceId !== undefined && owner.namespaceId !== undefined;
}

const OUR_WORKFLOWS: ReadonlySet<string | undefined> = new Set([
  WORKFLOW_EMBEDDING_RUN,
  WORKFLOW_EMBED_PARTITION,
  WORKFLOW_PREDICT_VIRUS,
]);
