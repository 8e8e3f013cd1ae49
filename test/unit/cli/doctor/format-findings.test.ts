import { describe, expect, it } from 'vitest';
import { formatFindings } from '../../../../src/cli/doctor/format-findings.ts';

describe('formatFindings', () => {
  it('a problem, a warning and an ok → marks, what to do, and the count', () => {
    const text = formatFindings([
      { check: 'node', status: 'ok', message: 'fine' },
      { check: 'server', status: 'problem', message: 'gone', todo: 'start it' },
      { check: 'link', status: 'warning', message: 'none' },
    ]);
    expect(text).toBe(
      '✓ node    fine\n✗ server  gone\n          → start it\n! link    none\n\n✗ 1 problem, 1 warning\n',
    );
  });

  it('only information → no problems', () => {
    expect(formatFindings([{ check: 'run', status: 'info', message: 'b' }])).toBe('· run  b\n\n✓ No problems\n');
  });
});
