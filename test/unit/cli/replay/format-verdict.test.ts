import { describe, expect, it } from 'vitest';
import { formatTally, formatVerdict } from '../../../../src/cli/replay/format-verdict.ts';

const HISTORY = { workflowId: 'virnucpro-0123456789ab', runId: '01a20135-9e85-7a36-bb20-54671fbf3427', events: 38 };

describe('formatVerdict', () => {
  it('same decisions → one line', () => {
    expect(formatVerdict(HISTORY)).toBe(
      '✓ virnucpro-0123456789ab (run 54671fbf3427, 38 events): replays with the same decisions\n',
    );
  });

  it('other decisions → where it parts', () => {
    expect(formatVerdict({ ...HISTORY, divergence: 'Nondeterminism error: x\ny' })).toBe(
      '✗ virnucpro-0123456789ab (run 54671fbf3427, 38 events): parts from the recorded decisions\n    Nondeterminism error: x\\u{a}y\n',
    );
  });
});

describe('formatVerdict with a place', () => {
  const divergence = "scheduled event 'a' does not match command 'b'";

  it('an event about something → its number, type and what it is about', () => {
    const partsAt = { id: 11, type: 'ActivityTaskScheduled', about: 'planRun' };
    expect(formatVerdict({ ...HISTORY, divergence, partsAt })).toContain(
      `38 events): parts from the recorded decisions at event 11, ActivityTaskScheduled (planRun)\n    ${divergence}\n`,
    );
  });

  it('an event about nothing → its number and type', () => {
    const partsAt = { id: 40, type: 'WorkflowExecutionCompleted' };
    expect(formatVerdict({ ...HISTORY, divergence, partsAt })).toContain(' at event 40, WorkflowExecutionCompleted\n');
  });
});

describe('formatTally', () => {
  it.each([
    [{ same: 1, parted: 0, unread: 0 }, '✓ 1 of 1 history replayed with the same decisions\n'],
    [{ same: 2, parted: 1, unread: 0 }, '✗ 2 of 3 histories replayed with the same decisions\n'],
    [
      { same: 1, parted: 0, unread: 2 },
      '✗ 1 of 1 history replayed with the same decisions, 2 targets without a history\n',
    ],
    [{ same: 0, parted: 0, unread: 0 }, '✗ No history was replayed\n'],
  ])('%o → %s', (tally, line) => {
    expect(formatTally(tally)).toBe(line);
  });
});
