import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { EmbedResult } from '../../src/cli/embed/embed-result.ts';
import { fasta } from '../support/run-folder.ts';
import { ShellPlace } from '../support/shell-place.ts';

const SNAKEMAKE = join(dirname(process.env['VIRNUCPRO_PIPELINES_PYTHON'] ?? ''), 'snakemake');
const HEAD = 'sample\tcheckpoint\tresult\treason\n';

let place: ShellPlace;
beforeAll(() => {
  place = new ShellPlace({ TEMPORAL_ADDRESS: inject('servedAddress') });
  mkdirSync(place.path('genomes'));
  for (const name of ['a', 'b']) writeFileSync(place.path('genomes', `${name}.fa`), fasta(name, 5));
  copyFileSync(place.path('examples', 'snakemake', 'Snakefile'), place.path('Snakefile'));
});
afterAll(() => place?.remove());

async function snakemake(...config: string[]) {
  const args = ['--cores', '2', '--resources', 'gpu=1', '--keep-going', '--config', 'embedder=kmer', ...config];
  const { code, stdout, stderr } = await place.run(SNAKEMAKE, args, { XDG_CACHE_HOME: place.path('.cache') });
  return { code, said: `${stdout}${stderr}` };
}

function embedded(sample: string): EmbedResult {
  return JSON.parse(readFileSync(place.path('embedded', `${sample}.json`), 'utf8')) as EmbedResult;
}

describe('examples/snakemake', () => {
  it('a damaged checkpoint → the rule ends with 3 and says what to do; the other sample is embedded', async () => {
    mkdirSync(place.path('runs', 'b'), { recursive: true });
    writeFileSync(place.path('runs', 'b', 'b_KMER.pt'), 'PK, cut off');

    const { code, said } = await snakemake();
    expect(code).toBe(1);
    expect(said).toContain('exit status 3');
    expect(said).toContain('b: stopped on a checkpoint');
    expect(existsSync(place.path('embedded', 'b.json'))).toBe(false);
    expect(embedded('a')).toMatchObject({ outcome: 'success', embedded: 1, rows: 5 });
    expect(readFileSync(place.path('runs', 'b', 'b_KMER.pt'), 'utf8')).toBe('PK, cut off');
  });

  it('skipped, and holes accepted → that sample alone is run, and the hole is listed', async () => {
    const { code, said } = await snakemake('on_bad_checkpoint=skip', 'on_partial=accept');
    expect({ code, said }).toMatchObject({ code: 0 });
    expect(embedded('a')).toMatchObject({ embedded: 1 });
    expect(embedded('b')).toMatchObject({ outcome: 'partial', skipped: 1 });
    expect(readFileSync(place.path('holes.tsv'), 'utf8')).toBe(
      `${HEAD}b\tb_KMER.pt\tskipped\tcorrupted: not a valid ZIP archive\n`,
    );
  });

  it('all rules again, recomputing what is bad → success, and what was complete is found, not computed', async () => {
    for (const name of ['embedded', 'holes.tsv']) rmSync(place.path(name), { recursive: true });
    const good = statSync(place.path('runs', 'a', 'a_KMER.pt'));

    const { code, said } = await snakemake('on_bad_checkpoint=recompute');
    expect({ code, said }).toMatchObject({ code: 0 });
    expect([embedded('a'), embedded('b')]).toMatchObject([
      { outcome: 'success', found: 1, embedded: 0 },
      { outcome: 'success', found: 0, embedded: 1, rows: 5 },
    ]);
    const { ino, mtimeMs } = statSync(place.path('runs', 'a', 'a_KMER.pt'));
    expect({ ino, mtimeMs }).toEqual({ ino: good.ino, mtimeMs: good.mtimeMs });
    expect(readFileSync(place.path('holes.tsv'), 'utf8')).toBe(HEAD);
  });
});
