import type { EventReference, ReplayVerdict } from '../../client/index.ts';
import { shortExecutionId } from '../../contract/names.ts';
import { plural, printable } from '../terminal.ts';

/** One line for a history that replays, two for one that parts: where, and what was recorded against what the code does. */
export function formatVerdict({ workflowId, runId, events, divergence, partsAt }: ReplayVerdict): string {
  const history = `${printable(workflowId)} (run ${printable(shortExecutionId(runId))}, ${plural(events, 'event')})`;
  if (divergence === undefined) return `✓ ${history}: replays with the same decisions\n`;
  return `✗ ${history}: parts from the recorded decisions${formatPlace(partsAt)}\n    ${printable(divergence)}\n`;
}

/** ` at event 5, ActivityTaskScheduled (embedFile)` */
function formatPlace(partsAt: EventReference | undefined): string {
  if (partsAt === undefined) return '';
  const about = partsAt.about === undefined ? '' : ` (${printable(partsAt.about)})`;
  return ` at event ${partsAt.id}, ${partsAt.type}${about}`;
}

/** The last line. */
export function formatTally({ same, parted, unread }: { same: number; parted: number; unread: number }): string {
  const missing = unread === 0 ? '' : `, ${plural(unread, 'target')} without a history`;
  const total = same + parted;
  if (total === 0) return `✗ No history was replayed${missing}\n`;
  const mark = parted + unread === 0 ? '✓' : '✗';
  return `${mark} ${same} of ${total} ${total === 1 ? 'history' : 'histories'} replayed with the same decisions${missing}\n`;
}
