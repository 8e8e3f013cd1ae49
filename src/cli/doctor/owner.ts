import { OWNER_EXPIRY_MS, readOwner, type Owner } from '../../run/owner.ts';
import type { Finding } from './finding.ts';

/** Claims are judged by the difference of two clocks. */
const MAX_AHEAD_MS = 10_000;

/** Which run has the folder; nothing where none has. */
export async function checkOwner(directory: string): Promise<Finding[]> {
  const owner = await readOwner(directory);
  return owner === undefined ? [] : [judgeOwner(owner, Date.now())];
}

/** @param now in milliseconds since 1970 */
export function judgeOwner(owner: Owner, now: number): Finding {
  const check = 'owner';
  const age = now - Date.parse(owner.renewedAt);
  const who = `workflow ${owner.workflowId} on ${owner.server}, namespace ${owner.namespace}`;
  const seconds = Math.round(Math.abs(age) / 1000);
  if (age < -MAX_AHEAD_MS) {
    const message = `claimed by ${who}, ${seconds} s from now by the clock of this host: ${owner.host} is ahead of it`;
    return { check, status: 'warning', message, todo: 'synchronise the clocks (NTP) of all hosts' };
  }
  if (age <= OWNER_EXPIRY_MS) {
    const message = `in use by ${who}; ${owner.host} renewed the claim ${seconds} s ago`;
    return { check, status: 'info', message, todo: 'another run in this folder is refused until that one has ended' };
  }
  const message = `claimed by ${who}, last renewed by ${owner.host} at ${owner.renewedAt}: its workers are gone or busy`;
  return { check, status: 'info', message, todo: 'the next embed goes on with that run or takes the folder over' };
}
