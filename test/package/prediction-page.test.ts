import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fitWithin } from '../../src/report/page/fit.ts';
import { buildPredictionData } from '../../src/report/prediction/build.ts';
import { PREDICTION_LIMITS } from '../../src/report/prediction/limits.ts';
import { coloursOf, findChromium, hoverText, openFile, startChromium, type OpenedPage } from '../support/chromium.ts';
import { predictionSources, type SyntheticPrediction } from '../support/prediction-sources.ts';
import { REPOSITORY } from '../support/repository.ts';

const TEMPLATE = join(REPOSITORY, 'dist', 'report', 'browser', 'page.html');
/** Pages and pictures stay, to be looked at. */
const FOLDER = mkdtempSync(join(tmpdir(), 'virnucpro-report-pages-'));
const chromium = findChromium();

const HOSTILE = [
  '</script><script>window.broken = 1</script>',
  '<img src=x onerror="window.broken = 1">',
  'javascript:window.broken=1//',
  '\u202egpj.exe',
];

const PREDICTIONS: Readonly<Record<string, SyntheticPrediction>> = {
  small: { inputs: 2, contigs: 120 },
  '10,000 contigs': { inputs: 60, contigs: 10_000, troubleEvery: 7 },
  'one contig': { inputs: 1, contigs: 1 },
  hostile: {
    ...{ inputs: 4, contigs: 40, troubleEvery: 3 },
    nameOf: (input) => `${HOSTILE[input % HOSTILE.length]}${input}`,
    contigOf: (contig) => `${HOSTILE[contig % HOSTILE.length]}${contig}`,
  },
};

/** A picture of a whole page takes a second. */
const PICTURED: ReadonlySet<string> = new Set(['small', 'hostile']);

/** Path without its ending. */
const placeOf = (name: string) => join(FOLDER, name.replaceAll(/\W+/gu, '-'));

function writePage(name: string, prediction: SyntheticPrediction): string {
  const sources = predictionSources(prediction);
  const template = readFileSync(TEMPLATE, 'utf8');
  const file = `${placeOf(name)}.html`;
  writeFileSync(
    file,
    fitWithin(template, PREDICTION_LIMITS, (limits) => buildPredictionData(sources, limits)),
  );
  return file;
}

// Where there is no Chromium on PATH these are skipped; `apt install chromium` or the like brings one.
describe.skipIf(chromium === undefined)('report.html of a prediction in Chromium', () => {
  let browser: Browser;
  const opened = new Map<string, Promise<OpenedPage>>();
  const open = (name: string, scheme: 'light' | 'dark' = 'light') => {
    const key = `${name} ${scheme}`;
    const one = opened.get(key) ?? openFile(browser, writePage(name, PREDICTIONS[name]!), scheme);
    opened.set(key, one);
    return one;
  };

  beforeAll(async () => {
    browser = await startChromium(chromium!);
  });
  afterAll(async () => {
    for (const one of opened.values()) await (await one).close();
    await browser?.close();
  });

  it.each(Object.keys(PREDICTIONS))(
    '%s → opens from a file, draws, asks for nothing, complains of nothing',
    async (name) => {
      const { page, troubles, requests } = await open(name);
      for (const section of ['scores', 'timeline', 'stages']) {
        expect(Math.min(...(await coloursOf(page, section)))).toBeGreaterThan(3);
      }
      if (PICTURED.has(name)) await page.screenshot({ path: `${placeOf(name)}.png`, fullPage: true });
      expect([troubles, requests]).toEqual([[], []]);
    },
  );

  it('dark → another page background, the same sections', async () => {
    const { page, troubles } = await open('small', 'dark');
    const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(background).not.toBe(
      await (await open('small')).page.evaluate('getComputedStyle(document.body).backgroundColor'),
    );
    await page.screenshot({ path: `${placeOf('dark')}.png`, fullPage: true });
    expect(await page.locator('h2').allInnerTexts()).toEqual([
      ...['Contigs', 'Scores', 'Inputs', 'Timeline', 'Stages', 'Embedding runs', 'Files'],
      ...['Settings and environment', 'Notes'],
    ]);
    expect(troubles).toEqual([]);
  });

  it('the pointer on a bar of the timeline and of the scores → the stage of the input, the span with its counts', async () => {
    const { page } = await open('small');
    expect(await hoverText(page, 'timeline', /embedding of sample_0000/u)).toMatch(/rows \d.*per second/u);
    expect(await hoverText(page, 'scores', /0\.\d5–/u)).toMatch(/virus \d+/u);
  });

  it('the table of contigs → can be searched and sorted; all of them are said', async () => {
    const { page } = await open('10,000 contigs');
    const table = page.locator('#contigs');
    expect(await table.locator('.note').innerText()).toContain('5,000 of 10,000 contigs are listed, viral ones first');
    const [first = ''] = await table.locator('tbody td').allInnerTexts();
    await table.getByRole('searchbox').fill(first);
    expect(await table.locator('tbody tr').first().innerText()).toContain('virus');
    await table.getByRole('searchbox').fill('');
    await table.getByRole('button', { name: 'Length' }).click();
    await table.getByRole('button', { name: 'Length' }).click();
    expect(await table.locator('th[aria-sort="descending"]').innerText()).toContain('Length');
  });

  it('links → lead to files below the folder of the page, also those of hostile names', async () => {
    const { page } = await open('hostile');
    const folder = `file://${FOLDER}/`;
    const links = (await page.evaluate(
      `[...document.querySelectorAll('#inputs a, #embeddings a, #files a')].map(({ href }) => href)`,
    )) as string[];
    expect(links.length).toBeGreaterThan(20);
    expect(links.filter((link) => !link.startsWith(folder))).toEqual([]);
  });

  it('hostile names → shown as text, in tables and beside the pointer; nothing of theirs runs', async () => {
    const { page, troubles, requests } = await open('hostile');
    await hoverText(page, 'timeline', /embedding of/u);
    const body = await page.locator('body').innerText();
    for (const text of HOSTILE.slice(0, 3)) expect(body).toContain(text);
    expect(body).toContain('\\u{202e}gpj.exe');
    expect(await page.locator('#page img, #page svg, #page script').count()).toBe(0);
    expect(await page.evaluate("'broken' in window")).toBe(false);
    expect([...troubles, ...requests]).toEqual([]);
  });
});
