import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildPageData } from '../../../../src/report/page/build.ts';
import { fitPage } from '../../../../src/report/page/fit.ts';
import { MAX_PAGE_BYTES, PAGE_LIMITS } from '../../../../src/report/page/limits.ts';
import { REPOSITORY } from '../../../support/repository.ts';
import { syntheticSources, type SyntheticRun } from '../../../support/report-sources.ts';

const template = () => readFileSync(join(REPOSITORY, 'dist', 'report', 'browser', 'page.html'), 'utf8');
const dataOf = (run: SyntheticRun, limits = PAGE_LIMITS) => buildPageData(syntheticSources(run), limits);
const bytesOf = (run: SyntheticRun) => Buffer.byteLength(fitPage(template(), syntheticSources(run)));

describe('buildPageData', () => {
  it('1,000 files with two embedders → nothing is cut', () => {
    const data = dataOf({ files: 1000, embedders: ['kmer', 'esm2-3b'], troubleEvery: 50 });
    expect(data.notes).toEqual([]);
    expect(data.checkpoints.rows).toHaveLength(2000);
    expect(data.files.rows).toHaveLength(1000);
    expect(data.timeline?.bars.length).toBe(data.timeline?.attempts);
  });

  it('100,000 tasks → within the limits, and every cut is said', () => {
    const data = dataOf({ files: 100_000, troubleEvery: 1000, processes: 40, slots: 8 });
    expect(data.checkpoints).toMatchObject({ total: 100_000 });
    expect(data.checkpoints.rows).toHaveLength(PAGE_LIMITS.checkpoints);
    expect(data.files.rows).toHaveLength(PAGE_LIMITS.files);
    expect(data.timeline?.bars.length).toBeLessThanOrEqual(PAGE_LIMITS.bars);
    expect(data.timeline?.lanes).toHaveLength(PAGE_LIMITS.lanes);
    expect(data.throughput?.series[0]?.rowsPerSecond.length).toBeLessThanOrEqual(PAGE_LIMITS.bins);
    expect(data.notes.join('\n')).toMatch(
      /slots are drawn[^]*drawn as[^]*checkpoints: 2,500 of 100,000[^]*1,000 files/u,
    );
  });

  it('more checkpoints than are listed → those with trouble are', () => {
    const { checkpoints } = dataOf({ files: 10, troubleEvery: 5 }, { ...PAGE_LIMITS, checkpoints: 3 });
    expect(checkpoints.rows.map(([, , , result]) => result)).toEqual(['failed', 'failed', 'embedded']);
  });

  it('neighbours drawn as one → their counts and rows add up to all attempts', () => {
    const data = dataOf({ files: 5000, troubleEvery: 100 }, { ...PAGE_LIMITS, bars: 200 });
    const bars = data.timeline?.bars ?? [];
    expect(bars.length).toBeLessThanOrEqual(200);
    expect(bars.reduce((sum, [, , , , count]) => sum + count, 0)).toBe(data.timeline?.attempts);
    expect(bars.some(([, , , kind]) => kind === 'failed')).toBe(true);
  });

  it('one task → one bar, one lane, no bar of files', () => {
    const data = dataOf({ files: 1, slots: 1, processes: 1, sampledRows: 1 });
    expect(data.timeline).toMatchObject({ attempts: 1, lanes: [{ host: 'node-0', slot: 0 }] });
    expect(data.files.total).toBe(1);
  });

  it('no timeline → no chart of it, and a note that says so', () => {
    const sources = syntheticSources({ files: 2 });
    const empty = { ...sources.timeline, attempts: [], rows: [] };
    const data = buildPageData({ ...sources, timeline: empty }, PAGE_LIMITS);
    expect(data).not.toHaveProperty('timeline');
    expect(data).not.toHaveProperty('throughput');
    expect(data.notes.join()).toContain('no timeline');
  });

  it('rows per second → as many rows as were counted', () => {
    const { throughput } = dataOf({ files: 500 });
    const total = (throughput?.series[0]?.rowsPerSecond ?? []).reduce((sum, rate) => sum + rate, 0);
    expect((total * (throughput?.binMs ?? 0)) / 1000).toBeCloseTo(500 * 100, -2);
  });
});

describe('the size of a page', () => {
  it('1,000 files → at most 2 MB', () => {
    expect(bytesOf({ files: 1000, embedders: ['dnabert-s', 'esm2-3b'], troubleEvery: 10 })).toBeLessThan(2_000_000);
  });

  it('20,000 tasks with names of 255 characters → at most 2 MB', () => {
    const long = {
      nameOf: (file: number) => `${'n'.repeat(240)}_${file}`,
      idOf: (row: number) => `${'i'.repeat(240)}_${row}`,
    };
    const embedders = ['kmer', 'dnabert-s', 'esm2-3b', 'fake'];
    expect(bytesOf({ files: 5000, embedders, troubleEvery: 7, ...long })).toBeLessThanOrEqual(MAX_PAGE_BYTES);
  });

  it('names that take six bytes a character → at most 2 MB', () => {
    const hostile = { nameOf: (file: number) => `${'<'.repeat(200)}${file}`, idOf: () => '\u202e<&>'.repeat(60) };
    expect(bytesOf({ files: 3000, troubleEvery: 3, ...hostile })).toBeLessThanOrEqual(MAX_PAGE_BYTES);
  });
});
