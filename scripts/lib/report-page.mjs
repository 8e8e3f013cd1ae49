import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ROOT } from './run.mjs';

const SOURCES = join(ROOT, 'src', 'report', 'browser');

/** Whose code is in the page; their licences in full go beside the template. */
const NOTICE =
  '/*! Contains Apache ECharts (c) The Apache Software Foundation, Apache License 2.0; ' +
  'ZRender (c) Baidu Inc., BSD 3-Clause; tslib (c) Microsoft Corporation, 0BSD */';
const LICENSES = [
  ['echarts', 'LICENSE'],
  ['echarts', 'NOTICE'],
  ['zrender', 'LICENSE'],
  ['tslib', 'LICENSE.txt'],
];

/**
 * Makes the template of report.html: its program with the charts that it draws, and its styles, in one file that loads
 * nothing. The policy lets run and apply just these, by their digests.
 *
 * @param {string} target
 */
export async function bundleReportPage(target) {
  const { build, transform } = await import('esbuild');
  const bundle = await build({
    entryPoints: [join(SOURCES, 'main.ts')],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    banner: { js: NOTICE },
    write: false,
    logLevel: 'warning',
  });
  const program = bundle.outputFiles[0]?.text.trim() ?? '';
  const css = await readFile(join(SOURCES, 'style.css'), 'utf8');
  const styles = (await transform(css, { loader: 'css', minify: true })).code.trim();
  const parts = new Map([
    ['<!--policy-->', policyOf(program, styles)],
    ['<!--styles-->', styles],
    ['<!--program-->', program],
  ]);
  let page = await readFile(join(SOURCES, 'page.html'), 'utf8');
  // What stands around a place would be part of the element, whose digest it would change.
  for (const [place, content] of parts) page = page.replace(new RegExp(`\\s*${place}\\s*`, 'u'), () => content);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, page);
  await writeFile(join(dirname(target), 'licenses.txt'), await licenses());
}

async function licenses() {
  const texts = LICENSES.map(async ([name = '', file = '']) => {
    const text = await readFile(join(ROOT, 'node_modules', name, file), 'utf8');
    return `${name} ${file}\n\n${text.trim()}\n`;
  });
  return (await Promise.all(texts)).join('\n\n');
}

/**
 * @param {string} program
 * @param {string} styles
 */
function policyOf(program, styles) {
  return [
    "default-src 'none'",
    `script-src ${sourceOf(program)}`,
    `style-src ${sourceOf(styles)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** @param {string} content */
function sourceOf(content) {
  return `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
}
