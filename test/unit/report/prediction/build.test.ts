import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fitWithin } from '../../../../src/report/page/fit.ts';
import { MAX_PAGE_BYTES } from '../../../../src/report/page/limits.ts';
import { buildPredictionData } from '../../../../src/report/prediction/build.ts';
import { PREDICTION_LIMITS } from '../../../../src/report/prediction/limits.ts';
import { predictionSources, type SyntheticPrediction } from '../../../support/prediction-sources.ts';
import { REPOSITORY } from '../../../support/repository.ts';

const template = () => readFileSync(join(REPOSITORY, 'dist', 'report', 'browser', 'page.html'), 'utf8');
const dataOf = (prediction: SyntheticPrediction) =>
  buildPredictionData(predictionSources(prediction), PREDICTION_LIMITS);
const bytesOf = (prediction: SyntheticPrediction) => {
  const sources = predictionSources(prediction);
  return Buffer.byteLength(fitWithin(template(), PREDICTION_LIMITS, (limits) => buildPredictionData(sources, limits)));
};

describe('buildPredictionData', () => {
  it('two inputs → a lane for files and one for each side, stages in milliseconds, nothing cut', () => {
    const { timeline, names, notes, inputs, embeddings } = dataOf({ inputs: 2, contigs: 40 });
    expect(notes).toEqual([]);
    expect(timeline?.lanes.map(({ name, what }) => `${names[name]} ${what}`)).toEqual(
      ['sample_0000', 'sample_0001'].flatMap((name) => [`${name} files`, `${name} nucleotide`, `${name} protein`]),
    );
    expect(timeline?.bars).toHaveLength(2 * 8);
    expect(timeline?.bars[0]?.slice(0, 5)).toEqual([0, 2000, 2400, 'chunking', 120]);
    expect(inputs[1]?.links.map(({ text, href }) => `${text} ${href}`)).toEqual([
      'contigs ./sample_0001_merged/prediction_results_contigs.tsv',
      'chunks ./sample_0001_merged/prediction_results_highestscore.csv',
      'sequences ./sample_0001_merged/prediction_results.txt',
    ]);
    expect(embeddings[0]?.links.map(({ href }) => href)).toEqual([
      './sample_0000_nucleotide/report.html',
      './sample_0000_nucleotide/report.json',
    ]);
  });

  it('stages over all inputs → rows and seconds of those that were done now, the others counted as found', () => {
    const { stages } = dataOf({ inputs: 3, contigs: 30 });
    expect(stages.map(({ stage }) => stage)).toEqual([
      ...['chunking', 'translating', 'splitting', 'nucleotide embedding', 'protein embedding'],
      ...['merging', 'classifying', 'consensus'],
    ]);
    const [chunking] = stages;
    expect(chunking).toMatchObject({ done: 3, found: 0, rows: 180, unit: 'chunks' });
    expect(chunking?.seconds).toBeCloseTo(1.2);
    const found = dataOf({ inputs: 3, contigs: 30, found: true });
    expect(found.stages[0]).toMatchObject({ done: 0, found: 3, rows: 0, seconds: 0 });
    expect(found.timeline).toBeUndefined();
  });

  it('more inputs than have three lanes → one each; more than are drawn → those that took longest, said so', () => {
    const some = dataOf({ inputs: 20, contigs: 20 });
    expect(some.timeline?.lanes).toHaveLength(20);
    const many = dataOf({ inputs: 150, contigs: 150 });
    expect(many.timeline?.lanes).toHaveLength(PREDICTION_LIMITS.lanes);
    expect(many.notes).toEqual(['timeline: the 100 inputs that took longest of 150']);
  });

  it('more contigs than are listed → viral ones first, said so, counts of all', () => {
    const { contigs, notes } = dataOf({ inputs: 1, contigs: 12_000 });
    expect(contigs.total).toBe(12_000);
    expect(contigs.rows).toHaveLength(PREDICTION_LIMITS.contigs);
    const calls = contigs.rows.map(([, , call]) => call);
    expect(calls.lastIndexOf('virus')).toBe(contigs.viral - 1);
    expect(notes[0]).toContain('5,000 of 12,000 are listed, viral ones first');
  });

  it('an input without complete results → partial with its reason, what to do, a failure', () => {
    const { inputs, summary, failures } = dataOf({ inputs: 4, contigs: 40, troubleEvery: 2 });
    expect(inputs.map(({ result }) => result)).toEqual(['predicted', 'partial', 'predicted', 'partial']);
    expect(summary.next.join(' ')).toContain('2 inputs have no complete results');
    expect(summary.next.join(' ')).toContain('2 embedding checkpoints could not be made');
    expect(failures.map(({ path }) => path)).toEqual([
      'sample_0001_protein/output_1_FAKE.pt',
      'sample_0003_protein/output_1_FAKE.pt',
    ]);
  });

  it('ended before there was anything → a page without lists, with the failure and what to do', () => {
    const sources = predictionSources({ inputs: 0, contigs: 0 });
    const { settings: _, classifier: __, scores: ___, ...report } = sources.report;
    const data = buildPredictionData(
      {
        ...sources,
        report: {
          ...report,
          ...{ outcome: 'failed', exitCode: 1, failureType: 'RunError.InvalidInput' },
          error: { type: 'RunError.InvalidInput', message: 'no such model' },
        },
      },
      PREDICTION_LIMITS,
    );
    expect(data).toMatchObject({ inputs: [], stages: [], contigs: { total: 0 }, embeddings: [], files: [] });
    expect(data.summary.next).toEqual(['Correct what the message names, then start the same command again.']);
  });

  it('names of the files of inputs → links that stay below the folder, whatever they are', () => {
    const names = ['javascript:alert(1)//', '../../etc', '\u202egpj', 'ü #?%', '\ud800'];
    const { inputs } = dataOf({ inputs: 5, contigs: 5, nameOf: (input) => names[input]! });
    const hrefs = inputs.map(({ links }) => links[2]?.href ?? '');
    expect(hrefs.every((href) => href.startsWith('./') && !href.includes('..') && !/[<>"#?:]/u.test(href))).toBe(true);
    expect(hrefs[3]).toBe(`./${encodeURIComponent('ü #?%_merged')}/prediction_results.txt`);
  });

  it('10,000 contigs, ids of 255 characters of six bytes → at most 2 MB', () => {
    expect(bytesOf({ inputs: 3, contigs: 10_000 })).toBeLessThan(MAX_PAGE_BYTES);
    const contigOf = (contig: number) => '<'.repeat(250) + String(contig);
    expect(bytesOf({ inputs: 30, contigs: 10_000, contigOf })).toBeLessThan(MAX_PAGE_BYTES);
  });
});
