// `virnucpro embed` with models and random weights, as a user meets it.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { contentOf } from '../support/run-folder.ts';
import { workplace } from '../support/workplace.ts';

const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
const RANDOM = ['--random-init', '--no-progress'];
const GENES = 66;
const FEW = 6;

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
    expect(trained.stdout).toContain('weights: random-init in run.json, trained now');
  });

  it('nucleotides with dnabert-s → a nucleotide checkpoint of 768 values a row, under the ids of the proteins', async () => {
    const at = workplace();
    const genes = readFileSync(example('lambda_genes.fa'), 'utf8');
    const proteins = readFileSync(example('lambda_proteins.faa'), 'utf8');
    // A few of the genes: a CPU takes a second for each.
    writeFileSync(at.path('genes.fa'), genes.split(/(?=>)/u).slice(0, FEW).join(''));
    const { code, stderr } = await at.run(['embed', 'genes.fa', '--embedder', 'dnabert-s', '--out', 'n', ...RANDOM]);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const { ids, rows } = await contentOf(at.path('n', 'genes_DNABERT_S.pt'));
    expect([ids.length, new Set(rows.map((row) => row.length))]).toEqual([FEW, new Set([768])]);
    for (const id of ids) expect(proteins).toContain(`>${id}\n`);
  });
});
