import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ConvertResult } from '../../src/checkpoint/index.ts';
import { arrayRowSource, publishCheckpoint } from '../../src/checkpoint/index.ts';
import { workplace, type Workplace } from '../support/workplace.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/checkpoint/', import.meta.url));

function fixture(name: string, as = name): Workplace {
  const at = workplace();
  copyFileSync(join(FIXTURES, name), at.path(as));
  return at;
}

function filesOf(at: Workplace): string[] {
  return readdirSync(at.folder).filter((name) => name !== 'state');
}

describe('convert', () => {
  it('a merged checkpoint of 0.x → 0, a valid one of 1.0; the original byte for byte as it was', async () => {
    const at = fixture('merged_0x.pt', 'a_merged.pt');
    const before = readFileSync(at.path('a_merged.pt'));
    const { code, stdout, stderr } = await at.run(['convert', 'a_merged.pt', 'b_merged.pt']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^b_merged\.pt: 1 row of 3,328 float32 values \(merged\), [\d,]+ bytes\n$/u);
    expect(readFileSync(at.path('a_merged.pt')).equals(before)).toBe(true);
    const inspected = await at.run(['inspect', 'b_merged.pt', '--json']);
    expect(JSON.parse(inspected.stdout)).toMatchObject({ result: 'valid', version: '1.0', status: 'complete' });
  });

  it('--json → one document, with the ids of an array beside it', async () => {
    const at = fixture('protein_0x.pt', 'a_ESM.pt');
    const { code, stdout } = await at.run(['convert', 'a_ESM.pt', 'a.npy', '--json']);
    expect(code).toBe(0);
    const { sha256, ...result } = JSON.parse(stdout) as ConvertResult & { schema: number };
    expect(result).toEqual({
      ...{ schema: 1, outcome: 'converted', input: 'a_ESM.pt', output: 'a.npy', format: 'npy', kind: 'protein' },
      ...{ version: '0.x', rows: 2, dim: 2560, dtype: 'float32', bytes: 128 + 2 * 2560 * 4, ids: 'a.ids.txt' },
    });
    expect(sha256).toMatch(/^[0-9a-f]{64}$/u);
    expect(readFileSync(at.path('a.ids.txt'), 'utf8')).toBe('a\nb\n');
    expect(JSON.parse((await at.run(['convert', 'a_ESM.pt', 'a.npy', '--json'])).stdout)).toMatchObject({
      outcome: 'existing',
    });
  });

  it.each<[string, string, string, number, string]>([
    ['one that is not there', 'gone.pt', 'x.npy', 3, 'gone.pt: corrupted: file does not exist'],
    ['no checkpoint', 'list.pt', 'x.npy', 3, 'checkpoint is not a dict (got list)'],
    ['a name that is taken', 'vectors.pt', 'list.pt', 3, 'another file is there'],
    ['a folder as input', '.', 'x.npy', 1, 'not a regular file'],
    ['an unknown extension', 'vectors.pt', 'x.csv', 1, 'must end in .pt, .npy or .safetensors'],
    ['the input as output', 'vectors.pt', 'vectors.pt', 1, 'the output is the input'],
  ])('%s → its exit code, said in words and as JSON', async (_, input, output, expected, message) => {
    const at = fixture('vectors.pt');
    copyFileSync(join(FIXTURES, 'list.pt'), at.path('list.pt'));
    const before = filesOf(at);
    const { code, stdout, stderr } = await at.run(['convert', input, output, '--json']);
    expect(code).toBe(expected);
    expect(stderr).toContain(message);
    expect(JSON.parse(stdout)).toEqual({
      ...{ schema: 1, input, output },
      error: { type: expect.stringMatching(/^(?:CheckpointError|RunError)\./u), message: stderr.slice(11, -1) },
    });
    expect(filesOf(at)).toEqual(before);
  });

  it('Ctrl-C, SIGTERM → 130, 143, and nothing is left', async () => {
    const at = workplace();
    const [rows, dim] = [60_000, 768];
    const values = new Float32Array(new SharedArrayBuffer(rows * dim * 4)).fill(1);
    const ids = Array.from({ length: rows }, (_, row) => `id${row}`);
    await publishCheckpoint(at.path('in.pt'), { kind: 'vectors', ids, rows: arrayRowSource(values, dim) });
    for (const [signal, expected] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const]) {
      const command = at.start(['convert', 'in.pt', 'out.npy', '--json']);
      await command.until(() => filesOf(at).length > 1, 'it writes');
      command.signal(signal);
      const { code, stdout, stderr } = await command.ended;
      expect([code, stderr]).toEqual([expected, 'virnucpro: out.npy: stopped, nothing was written\n']);
      expect(JSON.parse(stdout)).toMatchObject({ error: { message: 'out.npy: stopped, nothing was written' } });
      expect(filesOf(at)).toEqual(['in.pt']);
    }
  });

  it('a file that is there → never replaced', async () => {
    const at = fixture('vectors.pt');
    writeFileSync(at.path('out.npy'), 'mine');
    expect((await at.run(['convert', 'vectors.pt', 'out.npy'])).code).toBe(3);
    expect(readFileSync(at.path('out.npy'), 'utf8')).toBe('mine');
    expect(filesOf(at)).toEqual(['out.npy', 'vectors.pt']);
  });
});
