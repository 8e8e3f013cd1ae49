import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { configuredServer, findTemporal } from '../../src/server/bootstrap/find-temporal.mjs';
import { ensureBuild } from './build.mjs';
import { say } from './console.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { ROOT, run } from './run.mjs';

const OUT = 'examples/output/quickstart';
const COMMAND = 'node dist/cli/main.js';
/** 48,502 bases in windows of 500, 25 windows a file: four files. */
const EMBED = `embed examples/lambda_phage.fa --out ${OUT} --embedder kmer --chunk-length 500 --sequences-per-file 25`;

/** Slow enough to be killed in the middle: 25 windows of 0.4 seconds a file. */
const REHEARSAL = `${COMMAND} embed examples/lambda_phage.fa --out examples/output/rehearsal --embedder fake --embedder-option delayMs=400 --chunk-length 500 --sequences-per-file 25`;

/** @returns {Promise<number>} exit code of the run */
export async function quickstart() {
  await ensureDependencies();
  await ensureBuild();
  await announceServer();

  say(`main job: ${COMMAND} ${EMBED}`);
  const [command = '', ...args] = `${COMMAND} ${EMBED}`.split(' ');
  const status = await run(command === 'node' ? process.execPath : command, args);
  if (status !== 0) {
    say(`the run ended with ${status}; the same command starts again from what is on disk`);
    return status;
  }
  process.stdout.write(`\nWritten to ${OUT}:\n${await listing(join(ROOT, OUT))}\n\n${await nextCommands()}`);
  return status;
}

/** The command looks for the server by itself; looking here keeps a build of minutes apart from the run. */
async function announceServer() {
  const configured = configuredServer(process.env);
  if (configured !== undefined) {
    say(`Temporal server: yours (${configured}); nothing is started`);
    return;
  }
  const { path, origin, version } = await findTemporal({ log: say });
  say(`Temporal server: ${path} (${origin}; ${version})`);
}

/** @param {string} folder */
async function listing(folder) {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).toSorted();
  const lines = names.map(async (name) => {
    const { size } = await stat(join(folder, name));
    return `  ${name.padEnd(36)} ${size.toLocaleString('en-US').padStart(10)} bytes`;
  });
  return (await Promise.all(lines)).join('\n');
}

async function nextCommands() {
  const checkpoint = (await readdir(join(ROOT, OUT))).filter((name) => name.endsWith('.pt')).toSorted()[0] ?? '';
  const again = `${COMMAND} ${EMBED}`;
  return `${[
    `The run as a page, for a browser: ${OUT}/report.html`,
    'Next, from this folder:',
    ...step('check every byte of every checkpoint', `${COMMAND} validate-checkpoints ${OUT} --deep`),
    ...step('see what is inside one, without loading it', `${COMMAND} inspect ${OUT}/${checkpoint}`),
    ...step('run again: everything is found, nothing is embedded', 'npm run quickstart'),
    ...step('lose a checkpoint and embed only that one again', `rm ${OUT}/${checkpoint} && ${again}`),
    ...step(
      'damage one: the run stops before it embeds anything (exit 3)',
      `truncate -s -1 ${OUT}/${checkpoint} && ${again}`,
    ),
    ...step('and embed the damaged one again', `${again} --on-bad-checkpoint recompute`),
    ...step(
      'kill a run with no warning, then start it again: it goes on',
      `timeout -s KILL 8 ${REHEARSAL}; ${REHEARSAL}`,
    ),
    ...step('what else it can do', `${COMMAND} --help`),
  ].join('\n')}\n`;
}

/**
 * @param {string} what
 * @param {string} command
 */
function step(what, command) {
  return [`  # ${what}`, `  ${command}`];
}
