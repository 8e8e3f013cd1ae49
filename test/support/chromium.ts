import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Other tests may have the processors for a while. */
const PATIENCE_MS = 300_000;

/** A browser of this machine; undefined where there is none. */
export function findChromium(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin'];
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((file) => existsSync(file));
}

export function startChromium(executablePath: string): Promise<Browser> {
  // In containers there is no user namespace to make a sandbox of; the pages are our own.
  return chromium.launch({ executablePath, args: ['--no-sandbox'], timeout: PATIENCE_MS });
}

export interface OpenedPage {
  page: Page;
  /** Errors and warnings of the console, and what no one caught. */
  troubles: string[];
  /** Everything that was asked for, the file itself aside. */
  requests: string[];
  close(): Promise<void>;
}

/** Opens a file as a double click does. */
export async function openFile(browser: Browser, file: string, colorScheme: 'light' | 'dark'): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: { width: 1240, height: 900 }, colorScheme });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const troubles: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('dialog', (dialog) => {
    troubles.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(`file://${file}`);
  await page.waitForSelector('canvas');
  return { page, troubles, requests: requests.slice(1), close: () => context.close() };
}

/** Runs in the page, whose types Node does not know. */
const COUNT_COLOURS = `(section) => [...document.querySelectorAll('#' + section + ' canvas')].map((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const colours = new Set();
  for (let at = 0; at < data.length; at += 4 * 7) colours.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
  return colours.size;
})`;

/** How many colours each chart of a section shows: one means that nothing was drawn. */
export function coloursOf(page: Page, section: string): Promise<number[]> {
  return page.evaluate(`(${COUNT_COLOURS})(${JSON.stringify(section)})`);
}

/** Moves the pointer over a chart until something appears beside it; undefined if nothing does. */
export async function hoverText(page: Page, section: string, wanted: RegExp): Promise<string | undefined> {
  const chart = page.locator(`#${section} .chart`).first();
  await chart.scrollIntoViewIfNeeded();
  const box = await chart.boundingBox();
  if (box === null) return undefined;
  for (let y = 0.2; y < 0.95; y += 0.07) {
    for (let x = 0.15; x < 0.95; x += 0.03) {
      await page.mouse.move(box.x + box.width * x, box.y + box.height * y);
      const texts = await page.locator(`#${section} .tooltip:visible`).allInnerTexts();
      const found = texts.find((text) => wanted.test(text));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
