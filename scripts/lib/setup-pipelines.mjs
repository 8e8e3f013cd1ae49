import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../src/server/bootstrap/run-command.mjs';
import { say } from './console.mjs';
import { NEXTFLOW_JARS, NEXTFLOW_PROGRAM, PIPELINES_FOLDER, PIPELINES_VENV, STAMP } from './pipelines.mjs';
import { ROOT, runOrThrow } from './run.mjs';

const REQUIREMENTS = [
  'examples/python-client/requirements.txt',
  'examples/snakemake/requirements.txt',
  'test/pipelines/requirements.txt',
].map((name) => join(ROOT, name));
const NEXTFLOW_POM = join(ROOT, 'test', 'pipelines', 'nextflow-pom.xml');

/** What Nextflow's own launcher passes to Java from version 17 on. */
const OPENED = ['java.lang', 'java.io', 'java.nio', 'java.net', 'java.util', 'java.util.concurrent.atomic'];

/** A process of seconds: compiling for speed would cost more than it gains. */
const SHORT_LIVED = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC';

/**
 * Makes a Python environment with temporalio, Snakemake and mypy, and fetches Nextflow where Maven and Java are here.
 *
 * @returns {Promise<number>} 0 if the Python environment is complete: Nextflow may be missing
 */
export async function setupPipelines() {
  await mkdir(PIPELINES_FOLDER, { recursive: true });
  await once(PIPELINES_VENV, REQUIREMENTS, makePython);
  try {
    await once(NEXTFLOW_JARS, [NEXTFLOW_POM], fetchNextflow);
  } catch (error) {
    say(`no Nextflow: ${error instanceof Error ? error.message : String(error)}`);
  }
  return 0;
}

/**
 * Makes a folder unless it is there already, made from the same files.
 *
 * @param {string} folder
 * @param {readonly string[]} sources
 * @param {() => Promise<void>} make
 */
async function once(folder, sources, make) {
  const stamp = join(folder, STAMP);
  const wanted = (await Promise.all(sources.map((file) => readFile(file, 'utf8')))).join('\n');
  if ((await readFile(stamp, 'utf8').catch(() => undefined)) === wanted) {
    say(`pipelines: ${folder} is complete`);
    return;
  }
  await rm(folder, { recursive: true, force: true });
  await make();
  await writeFile(stamp, wanted);
}

async function makePython() {
  say(`pipelines: making ${PIPELINES_VENV}`);
  await runOrThrow('python3', ['-m', 'venv', PIPELINES_VENV]);
  const python = join(PIPELINES_VENV, 'bin', 'python');
  const requirements = join(ROOT, 'test', 'pipelines', 'requirements.txt');
  await runOrThrow(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
}

async function fetchNextflow() {
  for (const program of ['java', 'mvn']) await requireProgram(program);
  say(`pipelines: fetching Nextflow to ${NEXTFLOW_JARS}`);
  const args = ['-q', '-B', '-f', NEXTFLOW_POM, 'dependency:copy-dependencies', `-DoutputDirectory=${NEXTFLOW_JARS}`];
  await runOrThrow('mvn', args, { stdout: 'stderr' });
  const opened = OPENED.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`).join(' ');
  const script = `#!/bin/sh\nexec java ${SHORT_LIVED} ${opened} -cp '${NEXTFLOW_JARS}/*' nextflow.cli.Launcher "$@"\n`;
  await writeFile(NEXTFLOW_PROGRAM, script, { mode: 0o755 });
}

/** @param {string} program */
async function requireProgram(program) {
  await runCommand(program, ['-version']).catch(() => {
    throw new Error(`${program} is not here`);
  });
}
