import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fitPage } from '../../src/report/page/fit.ts';
import { coloursOf, findChromium, hoverText, openFile, startChromium, type OpenedPage } from '../support/chromium.ts';
import { syntheticSources, type SyntheticRun } from '../support/report-sources.ts';
import { REPOSITORY } from '../support/repository.ts';

const TEMPLATE = join(REPOSITORY, 'dist', 'report', 'browser', 'page.html');
/** Pages and pictures stay, to be looked at. */
const FOLDER = mkdtempSync(join(tmpdir(), 'virnucpro-report-pages-'));
const chromium = findChromium();

const HOSTILE = [
  '</script><script>window.broken = 1</script>',
  '<img src=x onerror="window.broken = 1">',
  '"><svg onload=alert(1)>',
  '\u202egpj.exe',
  "'; window.broken = 1; //",
  '${window.broken = 1}{{broken}}<!--',
];

const RUNS: Readonly<Record<string, SyntheticRun>> = {
  'many files': { files: 1000, embedders: ['kmer', 'esm2-3b'], troubleEvery: 40 },
  'one task': { files: 1, slots: 1, processes: 1, sampledRows: 3 },
  '10,000 tasks': { files: 10_000, troubleEvery: 100, processes: 30 },
  hostile: {
    files: 12,
    troubleEvery: 4,
    nameOf: (file) => `${HOSTILE[file % HOSTILE.length]}${file}`,
    idOf: (row) => `${HOSTILE[row % HOSTILE.length]}${row}`,
  },
};

/** Path without its ending. */
const placeOf = (name: string) => join(FOLDER, name.replaceAll(/\W+/gu, '-'));

function writePage(name: string, run: SyntheticRun): string {
  const file = `${placeOf(name)}.html`;
  writeFileSync(file, fitPage(readFileSync(TEMPLATE, 'utf8'), syntheticSources(run)));
  return file;
}

// Where there is no Chromium on PATH these are skipped; `apt install chromium` or the like brings one.
describe.skipIf(chromium === undefined)('report.html in Chromium', () => {
  let browser: Browser;
  const opened = new Map<string, Promise<OpenedPage>>();
  const open = (name: string, scheme: 'light' | 'dark' = 'light') => {
    const key = `${name} ${scheme}`;
    const one = opened.get(key) ?? openFile(browser, writePage(name, RUNS[name]!), scheme);
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

  it.each(Object.keys(RUNS))('%s → opens from a file, draws, asks for nothing, complains of nothing', async (name) => {
    const { page, troubles, requests } = await open(name);
    for (const section of ['timeline', 'throughput', 'embeddings']) {
      expect(Math.min(...(await coloursOf(page, section)))).toBeGreaterThan(4);
    }
    await page.screenshot({ path: `${placeOf(name)}.png`, fullPage: true });
    expect(troubles).toEqual([]);
    expect(requests).toEqual([]);
  });

  it('dark → another page background, charts drawn again when the scheme changes', async () => {
    const { page, troubles } = await open('many files', 'dark');
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const before = await background();
    await page.screenshot({ path: `${placeOf('dark')}.png`, fullPage: true });
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await background()).not.toBe(before);
    expect(Math.min(...(await coloursOf(page, 'timeline')))).toBeGreaterThan(4);
    expect(troubles).toEqual([]);
  });

  it('the pointer on a point and on a bar → the id, the task', async () => {
    const { page } = await open('many files');
    expect(await hoverText(page, 'embeddings', /contig_\d+/u)).toMatch(/file sample_\d+\.fa/u);
    expect(await hoverText(page, 'timeline', /attempt/u)).toMatch(/sample_\d+[^]*rows/u);
  });

  it('hostile names → shown as text, in tables and beside the pointer; nothing of theirs runs', async () => {
    const { page, troubles, requests } = await open('hostile');
    await hoverText(page, 'embeddings', /PC1/u);
    await page
      .locator('details')
      .first()
      .evaluate((details) => details.setAttribute('open', ''));
    const body = await page.locator('body').innerText();
    for (const text of HOSTILE.slice(0, 3)) expect(body).toContain(text);
    expect(body).toContain('\\u{202e}gpj.exe');
    expect(await page.locator('#page img, #page svg, #page script').count()).toBe(0);
    expect(await page.evaluate("'broken' in window")).toBe(false);
    expect([...troubles, ...requests]).toEqual([]);
  });

  it('a table of many rows → can be filtered, turned and sorted', async () => {
    const { page } = await open('many files');
    const table = page.locator('#checkpoints');
    await table.getByRole('searchbox').fill('sample_000123_KMER');
    expect(await table.locator('tbody tr').count()).toBe(1);
    await table.getByRole('searchbox').fill('');
    await table.getByRole('button', { name: 'Next' }).click();
    expect(await table.locator('.status').innerText()).toContain('16–30 of 2,000');
    await table.getByRole('button', { name: 'Rows' }).click();
    expect(await table.locator('th[aria-sort="ascending"]').innerText()).toContain('Rows');
  });

  it('printed → light, with the charts', async () => {
    const { page, troubles } = await open('one task', 'dark');
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect((await page.pdf()).length).toBeGreaterThan(10_000);
    expect(troubles).toEqual([]);
  });
});
