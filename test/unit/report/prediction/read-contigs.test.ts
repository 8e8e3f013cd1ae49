import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readContigs } from '../../../../src/report/prediction/read-contigs.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const HEADER = 'contig\tlength\tchunks\tclassified_chunks\tviral_chunks\tmean_score\tmax_score\tcall';

describe('readContigs', () => {
  it('contigs of two inputs → viral ones first by their means, unclassified ones last', async () => {
    const folder = await temporaryFolder();
    const first = ['a\t900\t2\t2\t0\t0.1\t0.2\tothers', 'b\t300\t1\t0\t0\t\t\tunclassified'];
    const second = ['c\t500\t1\t1\t1\t0.9\t0.9\tvirus', 'd\t500\t1\t1\t1\t0.95\t0.99\tvirus'];
    writeFileSync(join(folder, '1.tsv'), `${[HEADER, ...first].join('\n')}\n`);
    writeFileSync(join(folder, '2.tsv'), `${[HEADER, ...second].join('\n')}\n`);
    const { total, viral, contigs } = await readContigs(folder, ['1.tsv', '2.tsv', '3.tsv'], 10);
    expect([total, viral]).toEqual([4, 2]);
    expect(contigs.map(({ contig, input }) => `${contig} ${input}`)).toEqual(['d 1', 'c 1', 'a 0', 'b 0']);
    expect(contigs[3]).toMatchObject({ mean: undefined, max: undefined, call: 'unclassified' });
    expect(contigs[0]).toMatchObject({ length: 500, chunks: 1, classified: 1, viral: 1, mean: 0.95, max: 0.99 });
  });

  it('more contigs than are asked for → the first of their order, all counted; what is no contig is passed over', async () => {
    const folder = await temporaryFolder();
    const lines = Array.from({ length: 20_000 }, (_, at) => {
      return `c${at}\t500\t1\t1\t${at % 2}\t${(at / 20_000).toFixed(5)}\t1\t${at % 2 === 1 ? 'virus' : 'others'}`;
    });
    writeFileSync(join(folder, 'all.tsv'), [HEADER, ...lines, 'torn\t5'].join('\n'));
    const { total, viral, contigs } = await readContigs(folder, ['all.tsv'], 3);
    expect([total, viral]).toEqual([20_000, 10_000]);
    expect(contigs.map(({ contig }) => contig)).toEqual(['c19999', 'c19997', 'c19995']);
  });
});
