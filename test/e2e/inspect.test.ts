import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { CheckpointInspection } from '../../src/checkpoint/index.ts';
import { workplace, type Workplace } from '../support/workplace.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/checkpoint/', import.meta.url));

function fixture(name: string, as = name): Workplace {
  const at = workplace();
  copyFileSync(join(FIXTURES, name), at.path(as));
  return at;
}

async function inspectJson(at: Workplace, file: string): Promise<{ code: number; inspection: CheckpointInspection }> {
  const { code, stdout } = await at.run(['inspect', file, '--json']);
  return { code, inspection: JSON.parse(stdout) as CheckpointInspection };
}

describe('inspect', () => {
  it('a merged checkpoint → 0, its entry and what its keys hold', async () => {
    const { code, inspection } = await inspectJson(fixture('merged_0x.pt', 'a_merged.pt'), 'a_merged.pt');
    expect(code).toBe(0);
    expect(inspection).toMatchObject({
      path: 'a_merged.pt',
      result: 'valid',
      kind: 'merged',
      version: '0.x',
      status: null,
    });
    expect(inspection.keys).toEqual({
      ids: { type: 'list', length: inspection.rows },
      data: { type: 'Tensor', dtype: 'float32', shape: [inspection.rows, 3328] },
    });
  });

  it('for people → facts and keys, no JSON', async () => {
    const { code, stdout } = await fixture('protein_0x.pt', 'b_ESM.pt').run(['inspect', 'b_ESM.pt']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^b_ESM\.pt\n {2}result {3}valid\n {2}kind {5}protein\n/u);
    expect(stdout).toContain('proteins  list');
  });

  it('a file that does not exist → 3, corrupted', async () => {
    const { code, inspection } = await inspectJson(workplace(), 'gone.pt');
    expect(code).toBe(3);
    expect(inspection).toMatchObject({
      path: 'gone.pt',
      result: 'corrupted',
      reason: 'corrupted: file does not exist',
    });
  });

  it('a checkpoint that is no dict → 3, incompatible, without keys', async () => {
    const { code, inspection } = await inspectJson(fixture('list.pt'), 'list.pt');
    expect(code).toBe(3);
    expect(inspection.reason).toBe('incompatible: checkpoint is not a dict (got list)');
    expect(inspection).not.toHaveProperty('keys');
  });

  it('a truncated one → 3, corrupted', async () => {
    const at = fixture('vectors.pt');
    writeFileSync(at.path('vectors.pt'), readFileSync(at.path('vectors.pt')).subarray(0, -1));
    expect(await inspectJson(at, 'vectors.pt')).toMatchObject({ code: 3, inspection: { result: 'corrupted' } });
  });

  it('a folder and a FIFO → 1, unavailable, and no hanging', async () => {
    const at = workplace();
    expect(await inspectJson(at, '.')).toMatchObject({ code: 1, inspection: { result: 'unavailable' } });
    if (spawnSync('mkfifo', [at.path('x.pt')]).status !== 0) return;
    expect(await inspectJson(at, 'x.pt')).toMatchObject({ code: 1, inspection: { code: 'NOT_A_FILE' } });
  });

  it('no file named → 1, and nothing on stdout', async () => {
    const { code, stdout, stderr } = await workplace().run(['inspect']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain("missing required argument 'file.pt'");
  });
});
