// `virnucpro embed` with models and random weights, as a user meets it.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { contentOf } from '../support/run-folder.ts';
import { workplace } from '../support/workplace.ts';

const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
const RANDOM = ['--random-init', '--no-progress'];
const GENES = 66;

describe('embed --random-init', () => {
  it('proteins with esm2-8m → a checkpoint of 320 values a row; run.json says that the weights are random', async () => {
    const at = workplace();
    const args = ['embed', example('lambda_proteins.faa'), '--embedder', 'esm2-8m', '--out', 'p', ...RANDOM];
    const { code, stderr } = await at.run(args);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const { ids, rows } = await contentOf(at.path('p', 'lambda_proteins_ESM2_8M.pt'));
    expect([ids.length, new Set(rows.map((row) => row.length))]).toEqual([GENES, new Set([320])]);
    const manifest = JSON.parse(readFileSync(at.path('p', 'run.json'), 'utf8')) as unknown;
    const fingerprint = { weights: 'random-init', weightsDigest: 'random-init:0', dtype: 'float32', seed: 0 };
    expect(manifest).toMatchObject({ embedders: { 'esm2-8m': { fingerprint } } });
    const again = await at.run([...args, '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ outcome: 'success', found: 1, embedded: 0 });
    const trained = await at.run(args.filter((word) => word !== '--random-init'));
    expect(trained.code).toBe(3);
    expect(trained.stderr).toContain('weights: random-init in run.json, trained now');
  });

  it('nucleotides with dnabert-s → a nucleotide checkpoint of 768 values a row, under the same ids', async () => {
    const at = workplace();
    const args = ['embed', example('lambda_genes.fa'), '--embedder', 'dnabert-s', '--out', 'n', ...RANDOM];
    const { code, stderr } = await at.run(args);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const { ids, rows } = await contentOf(at.path('n', 'lambda_genes_DNABERT_S.pt'));
    expect([ids.length, new Set(rows.map((row) => row.length))]).toEqual([GENES, new Set([768])]);
  });
});
