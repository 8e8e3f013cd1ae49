import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { examineFolder, examineRun } from '../../../../src/cli/doctor/examine-folder.ts';
import { openManifest } from '../../../../src/run/manifest.ts';
import { storePlan } from '../../../../src/run/plan.ts';
import { planOf } from '../../../support/plan.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

describe('examineRun', () => {
  it('a folder without a run → nothing to say', async () => {
    expect(await examineRun(await temporaryFolder())).toEqual({ findings: [] });
  });

  it('a run that has planned → its manifest, its plan, how far it has come', async () => {
    const folder = await temporaryFolder();
    await openManifest(folder);
    await storePlan(folder, planOf({ states: ['pending'] }));
    const { manifest, latest, findings } = await examineRun(folder);
    expect(manifest).toBeDefined();
    expect(latest?.lacking.tasks).toHaveLength(1);
    expect(findings.map(({ check, status }) => `${check} ${status}`)).toEqual(['run ok', 'plan info']);
  });

  it('run.json and plan broken → a problem each, and the rest is looked at', async () => {
    const folder = await temporaryFolder();
    const digest = await storePlan(folder, planOf());
    await writeFile(join(folder, '.virnucpro', 'plans', `${digest}.jsonl`), '{}');
    await writeFile(join(folder, 'run.json'), '{}');
    const { findings } = await examineRun(folder);
    expect(findings.map(({ check, status }) => `${check} ${status}`)).toEqual(['run problem', 'plan problem']);
    expect(findings.every(({ todo }) => todo !== undefined)).toBe(true);
  });
});

describe('examineFolder', () => {
  it('a folder two levels below one that exists → the latter is looked at, and nothing is made', async () => {
    const above = await temporaryFolder();
    const findings = await examineFolder(join(above, 'new', 'run'), undefined);
    expect(findings[0]).toMatchObject({ check: 'folder', status: 'info' });
    expect(findings[0]?.message).toContain(`looking at ${above}`);
    expect(findings.map(({ check }) => check)).toEqual(expect.arrayContaining(['fsync', 'mount', 'disk-space']));
    expect(await readdir(above)).toEqual([]);
  });

  it('what lies in the folder itself → told; what lies in one above it → not', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'below'));
    await writeFile(join(folder, '.a_KMER.pt.1-2.tmp'), '');
    const checks = async (at: string) => (await examineFolder(at, undefined)).map(({ check }) => check);
    expect(await checks(folder)).toContain('leftovers');
    expect(await checks(join(folder, 'none'))).not.toContain('leftovers');
  });
});
