import { cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { fasta } from '../support/run-folder.ts';
import { ShellPlace } from '../support/shell-place.ts';

const NEXTFLOW = process.env['VIRNUCPRO_NEXTFLOW'] ?? '';

describe.skipIf(NEXTFLOW === '')('examples/nextflow', () => {
  let place: ShellPlace;
  beforeAll(() => {
    place = new ShellPlace({ TEMPORAL_ADDRESS: inject('servedAddress') });
    mkdirSync(place.path('genomes'));
    for (const name of ['a', 'b']) writeFileSync(place.path('genomes', `${name}.fa`), fasta(name, 5));
    for (const name of ['main.nf', 'nextflow.config']) {
      cpSync(place.path('examples', 'nextflow', name), place.path(name));
    }
  });
  afterAll(() => place?.remove());

  async function nextflow(...args: string[]) {
    const offline = { NXF_HOME: place.path('.nextflow-home'), NXF_OFFLINE: 'true', NXF_ANSI_LOG: 'false' };
    const { code, stdout, stderr } = await place.run(NEXTFLOW, ['run', 'main.nf', ...args], offline);
    return { code, said: `${stdout}${stderr}` };
  }

  it('a damaged checkpoint → 3 ends the workflow; skipped and accepted → listed, the other sample found', async () => {
    mkdirSync(place.path('runs', 'b'), { recursive: true });
    writeFileSync(place.path('runs', 'b', 'b_KMER.pt'), 'PK, cut off');
    expect(
      await place.run('virnucpro', ['embed', 'genomes/a.fa', '--out', 'runs/a', '--embedder', 'kmer']),
    ).toMatchObject({ code: 0 });
    const good = statSync(place.path('runs', 'a', 'a_KMER.pt'));

    const stopped = await nextflow();
    expect(stopped.code).toBe(1);
    expect(stopped.said).toContain('error exit status (3)');
    expect(stopped.said).toContain('b: stopped on a checkpoint');

    const accepted = await nextflow('--on_bad_checkpoint', 'skip', '--on_partial', 'accept');
    expect(accepted).toMatchObject({ code: 0 });
    const holes = readFileSync(place.path('holes.tsv'), 'utf8').split('\n');
    expect(holes.slice(1)).toEqual(['b\tb_KMER.pt\tskipped\tcorrupted: not a valid ZIP archive', '']);
    expect(statSync(place.path('runs', 'a', 'a_KMER.pt')).ino).toBe(good.ino);
  });
});
