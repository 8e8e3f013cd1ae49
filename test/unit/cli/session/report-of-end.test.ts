import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reportIn, reportOfEnd } from '../../../../src/cli/session/report-of-end.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const STARTED_AT = Date.parse('2026-01-01T00:00:00Z');
const ENDING = { workflowId: 'w', startedAt: STARTED_AT };
const REPORT = { workflowId: 'w', finishedAt: '2026-01-01T00:00:05Z' };

async function folderWith(report: object): Promise<string> {
  const folder = await temporaryFolder();
  writeFileSync(join(folder, 'report.json'), JSON.stringify(report));
  return folder;
}

describe('reportOfEnd', () => {
  it.each([
    ['the outcome names a report', { outcome: 'partial', report: 'report.json' }, REPORT, true],
    ['cancelled, and the report is of this workflow', { outcome: 'cancelled', report: '' }, REPORT, true],
    [
      'cancelled, and the report is of another workflow',
      { outcome: 'cancelled', report: '' },
      { ...REPORT, workflowId: 'v' },
      false,
    ],
    [
      'cancelled, and the report is older than the command',
      { outcome: 'cancelled', report: '' },
      { ...REPORT, finishedAt: '2025-12-31T00:00:00Z' },
      false,
    ],
    ['terminated: no report is named', { outcome: 'failed', report: '' }, REPORT, false],
  ] as const)('%s → that report, or none', async (_, outcome, report, isOurs) => {
    expect(await reportOfEnd(await folderWith(report), outcome, ENDING)).toEqual(isOurs ? report : undefined);
  });
});

describe('reportIn', () => {
  it('no report.json, or one that cannot be read → none, and no error', async () => {
    const folder = await temporaryFolder();
    expect(await reportIn(folder)).toBeUndefined();
    mkdirSync(join(folder, 'report.json'));
    expect(await reportIn(folder)).toBeUndefined();
  });
});
