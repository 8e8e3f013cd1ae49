import { describe, expect, it } from 'vitest';
import type { CheckpointEntry, FolderReport } from '../../../../src/checkpoint/index.ts';
import { formatReport } from '../../../../src/cli/validate/format-report.ts';

function report(checkpoints: CheckpointEntry[]): FolderReport {
  const count = (...results: string[]) => checkpoints.filter(({ result }) => results.includes(result)).length;
  return {
    schema: 1,
    directory: 'out',
    level: 'structure',
    found: checkpoints.length,
    valid: count('valid'),
    failed: count('corrupted', 'incompatible'),
    inProgress: checkpoints.filter(({ status }) => status === 'in_progress').length,
    unavailable: count('unavailable'),
    checkpoints,
  };
}

describe('formatReport', () => {
  it('all valid → counts and the last line of the reference', () => {
    const text = formatReport(report([{ path: 'out/a.pt', result: 'valid', status: 'complete' }]), []);
    expect(text).toBe(
      'Found 1 checkpoint file(s)\n\nValidation Results:\n  Valid:  1\n  Failed: 0\n\n✓ All checkpoints valid\n',
    );
  });

  it('corrupted and incompatible ones → each with class, name and reason', () => {
    const text = formatReport(
      report([
        { path: 'out/b/a.pt', result: 'corrupted', reason: 'corrupted: file is 0 bytes' },
        { path: 'out/c.pt', result: 'incompatible', reason: "incompatible: missing required keys {'data'}" },
        { path: 'out/d.pt', result: 'valid', status: null },
      ]),
      [],
    );
    expect(text).toContain(
      [
        '  Valid:  1',
        '  Failed: 2',
        '',
        'Failed Checkpoints:',
        '  [CORRUPTED] b/a.pt',
        '    Reason: corrupted: file is 0 bytes',
        '  [INCOMPATIBLE] c.pt',
        "    Reason: incompatible: missing required keys {'data'}",
        '',
        '✗ Validation failed: 2 checkpoint(s) have issues',
      ].join('\n'),
    );
  });

  it('one in progress → counted as valid and apart', () => {
    const text = formatReport(report([{ path: 'out/a.pt', result: 'valid', status: 'in_progress' }]), []);
    expect(text).toContain('  Valid:  1\n  Failed: 0\n  In progress: 1 ');
    expect(text).toContain('  [IN_PROGRESS] a.pt');
    expect(text).toContain('✓ All checkpoints valid');
  });

  it('one that cannot be read → not failed, but not all valid either', () => {
    const entry: CheckpointEntry = { path: 'out/a.pt', result: 'unavailable', reason: 'unavailable: EACCES' };
    const text = formatReport(report([entry]), []);
    expect(text).toContain('  Failed: 0\n  Unavailable: 1 ');
    expect(text).toContain('✗ Validation incomplete: 1 checkpoint(s) could not be read');
  });

  it('seven recorded failures → their number and the last five', () => {
    const history = Array.from({ length: 7 }, (_, at) => ({
      path: `out/f${at}.pt`,
      reason: 'corrupted: file is 0 bytes',
      timestamp: '2026-01-01T00:00:00+00:00',
    }));
    const text = formatReport(report([{ path: 'out/a.pt', result: 'valid' }]), history);
    expect(text).toContain('Historical Failures (from failed_checkpoints.txt):\n  Total: 7\n  f2.pt: corrupted: ');
    expect(text).toContain('  f6.pt: corrupted: file is 0 bytes\n    Time: 2026-01-01T00:00:00+00:00');
    expect(text).not.toContain('f1.pt');
  });

  it('warnings of a valid one → listed', () => {
    const entry: CheckpointEntry = { path: 'out/a.pt', result: 'valid', warnings: ['2 rows are all zero'] };
    expect(formatReport(report([entry]), [])).toContain('Warnings:\n  a.pt: 2 rows are all zero');
  });

  it('a name with an escape sequence → escaped', () => {
    const entry: CheckpointEntry = { path: 'out/\u001b[31m.pt', result: 'corrupted', reason: 'corrupted: x' };
    expect(formatReport(report([entry]), [])).toContain('[CORRUPTED] \\u{1b}[31m.pt');
  });
});
