import { createHash } from 'node:crypto';
import { chmod, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import process from 'node:process';
import { withLockFile } from '../../src/server/bootstrap/lock-file.mjs';
import { say } from './console.mjs';
import { bundleReportPage } from './report-page.mjs';
import { ROOT, runOrThrow } from './run.mjs';

const DIST = join(ROOT, 'dist');
/** Beside `dist`, so that the paths in the source maps stay right when it takes its place. */
const NEXT = join(ROOT, 'dist.next');
const TRACING_INTERCEPTORS = '@temporalio/interceptors-opentelemetry/lib/workflow-interceptors';
const STAMP = '.build-stamp';
const INPUTS = [
  'package-lock.json',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  join('scripts', 'lib', 'build.mjs'),
  join('scripts', 'lib', 'report-page.mjs'),
];

/** Builds `dist/` unless it was built from these very sources. */
export async function ensureBuild() {
  await withLockFile(
    join(ROOT, '.cache', 'build.lock'),
    async () => {
      const wanted = await sourcesDigest();
      if ((await readStamp()) === wanted) say('build: up to date');
      else await build(wanted);
    },
    (holder) => say(`build: process ${holder} is building; waiting for it`),
  );
}

/** @param {string} stamp */
async function build(stamp) {
  const started = performance.now();
  say('build: compiling src to dist');
  await rm(NEXT, { recursive: true, force: true });
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  await runOrThrow(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', NEXT]);
  await chmod(join(NEXT, 'cli', 'main.js'), 0o755);
  await bundleWorkflows('workflow-bundle.js', []);
  // Interceptors of a worker are not used where the bundle is built ahead: those for tracing need one of their own.
  // Resolved here and not above: this file is loaded to install dependencies, before there are any.
  const { resolve } = createRequire(import.meta.url);
  await bundleWorkflows('workflow-bundle-traced.js', [resolve(TRACING_INTERCEPTORS)]);
  say('build: bundling the page of reports to dist/report/browser/page.html');
  await bundleReportPage(join(NEXT, 'report', 'browser', 'page.html'));
  await writeFile(join(NEXT, STAMP), stamp);
  await rm(DIST, { recursive: true, force: true });
  await rename(NEXT, DIST);
  say(`build: done in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/**
 * A worker that bundles at its start spends seconds in webpack; bundles are made once and shipped.
 *
 * @param {string} name
 * @param {string[]} workflowInterceptorModules
 */
async function bundleWorkflows(name, workflowInterceptorModules) {
  say(`build: bundling the workflows to dist/${name}`);
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(NEXT, 'workflows', 'index.js'),
    workflowInterceptorModules,
    logger: new DefaultLogger('WARN'),
    webpackConfigHook: withoutMachinePaths,
  });
  await writeFile(join(NEXT, name), code);
}

/**
 * Names the modules, in the bundle and in its source map, from the root of the repository: a build gives the same bytes
 * wherever the clone lies.
 *
 * @type {NonNullable<import('@temporalio/worker').BundleOptions['webpackConfigHook']>}
 */
function withoutMachinePaths(config) {
  /** @param {{ absoluteResourcePath: string }} module */
  const fromRoot = ({ absoluteResourcePath }) => relative(ROOT, absoluteResourcePath);
  return { ...config, context: ROOT, output: { ...config.output, devtoolModuleFilenameTemplate: fromRoot } };
}

async function readStamp() {
  try {
    return await readFile(join(DIST, STAMP), 'utf8');
  } catch {
    return undefined;
  }
}

/** @returns {Promise<string>} sha256 over the names and contents of everything that the build reads */
async function sourcesDigest() {
  const entries = await readdir(join(ROOT, 'src'), { recursive: true, withFileTypes: true });
  const sources = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash('sha256');
  for (const path of [...sources, ...INPUTS.map((name) => join(ROOT, name))].toSorted()) {
    hash
      .update(`${path.slice(ROOT.length)}\0`)
      .update(await readFile(path))
      .update('\0');
  }
  return hash.digest('hex');
}
