import { describe, expect, it } from 'vitest';
import { judgeRetention, judgeServerVersion } from '../../../../src/cli/doctor/server.ts';

describe('judgeServerVersion', () => {
  it.each([
    ['1.29.1', 'ok', 'Temporal server 1.29.1 at host:7233'],
    ['1.31.0-148.2', 'ok', '1.31.0'],
    ['2.0.0', 'ok', '2.0.0'],
    ['1.28.3', 'warning', 'older than 1.29'],
    ['', 'info', 'of an unknown version'],
  ])('%j → %s: %s', (version, status, text) => {
    const finding = judgeServerVersion(version, 'host:7233');
    expect(finding).toMatchObject({ check: 'server', status });
    expect(finding.message).toContain(text);
  });
});

describe('judgeRetention', () => {
  it.each([
    [0, 'info', 'is not said'],
    [86_400, 'info', 'kept for 1 day;'],
    [5400, 'info', 'kept for 0.1 days;'],
    [604_800, 'ok', 'kept for 7 days'],
  ])('%s s → %s: %s', (seconds, status, text) => {
    const finding = judgeRetention(seconds, 'default');
    expect(finding).toMatchObject({ check: 'retention', status });
    expect(finding.message).toContain(text);
  });
});
