import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addScores, countScoresHere, noScores } from '../../../src/prediction/count-scores.ts';
import { predictionScene } from '../../support/prediction-scene.ts';

const SEQUENCES = [
  'Sequence_ID\tPrediction\tscore1\tscore2',
  'a_chunk_1F1\tvirus\t0.0\t1.0',
  'a_chunk_1R2\tothers\t0.99998\t2.0767e-05',
  'a_chunk_2F1\tothers\t0.51\t0.49',
];
const CONTIGS = [
  'contig\tlength\tchunks\tclassified_chunks\tviral_chunks\tmean_score\tmax_score\tcall',
  'a\t900\t2\t2\t1\t0.745\t1.0\tvirus',
  'b\t300\t1\t0\t0\t\t\tunclassified',
];

describe('countScoresHere', () => {
  it('scores at both ends and of no classified chunk → in the first span, the last one, and none', async () => {
    const scene = await predictionScene();
    mkdirSync(dirname(scene.file(scene.paths.results)), { recursive: true });
    writeFileSync(scene.file(scene.paths.results), `${SEQUENCES.join('\n')}\n`);
    writeFileSync(scene.file(scene.paths.contigs), CONTIGS.join('\n'));
    const { sequences, contigs } = await countScoresHere(scene);
    expect(nonZero(sequences.virus)).toEqual([[19, 1]]);
    expect(nonZero(sequences.others)).toEqual([
      [0, 1],
      [9, 1],
    ]);
    expect([nonZero(contigs.virus), nonZero(contigs.others)]).toEqual([[[14, 1]], []]);
  });

  it('no results → nothing is counted; a signal that is aborted → its reason', async () => {
    const scene = await predictionScene();
    expect(await countScoresHere(scene)).toEqual(noScores());
    mkdirSync(dirname(scene.file(scene.paths.results)), { recursive: true });
    writeFileSync(scene.file(scene.paths.results), `${SEQUENCES.join('\n')}\n`);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(countScoresHere({ ...scene, signal })).rejects.toThrow('enough');
  });

  it('lines that end with CR LF, then data without an end → what comes before it is counted', async () => {
    const scene = await predictionScene();
    mkdirSync(dirname(scene.file(scene.paths.results)), { recursive: true });
    writeFileSync(scene.file(scene.paths.results), `${SEQUENCES.join('\r\n')}\r\n`);
    writeFileSync(scene.file(scene.paths.contigs), `${CONTIGS.join('\r\n')}\r\n${'\0'.repeat(1 << 20)}`);
    const { sequences, contigs } = await countScoresHere(scene);
    expect(nonZero(sequences.virus)).toEqual([[19, 1]]);
    expect(nonZero(contigs.virus)).toEqual([[14, 1]]);
  });

  it('several inputs → their counts are added', () => {
    const sum = noScores();
    const one = noScores();
    one.contigs.virus[3] = 2;
    addScores(sum, one);
    addScores(sum, one);
    expect(nonZero(sum.contigs.virus)).toEqual([[3, 4]]);
    expect(nonZero(sum.sequences.virus)).toEqual([]);
  });
});

function nonZero(counts: readonly number[]): [number, number][] {
  return [...counts.entries()].filter(([, count]) => count > 0);
}
