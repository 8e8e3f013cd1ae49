#!/usr/bin/env node
// `npm run bench:checkpoint`: checkpoints that torch saved, validated and saved by us and by what the reference does.
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import process from 'node:process';
import { runMain, say } from '../scripts/lib/console.mjs';
import { measureFolder } from './checkpoint/folder.mjs';
import { folderGoal, goalsOf, isMet } from './checkpoint/goals.mjs';
import { measureSubject } from './checkpoint/measure.mjs';
import { HELP, parseOptions } from './checkpoint/options.mjs';
import { formatFigures, formatGoals } from './checkpoint/report.mjs';
import { FOLDER, SUBJECTS } from './checkpoint/subjects.mjs';
import {
  choosePython,
  folderOfCheckpoints,
  makeWorkplace,
  subjectFile,
  torchVersion,
} from './checkpoint/workplace.mjs';

/** @typedef {import('./checkpoint/options.mjs').Options} Options */

await runMain(main);

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const python = choosePython(options.python);
  const torch = await torchVersion(python);
  const machine = `torch ${torch} (${python}), Node ${process.versions.node}, ${availableParallelism()} cores of ${cpus()[0]?.model}`;
  print([`${machine}; ${options.rounds} rounds; MB = 10^6 bytes`, ...noteOnScale(options)]);

  const folder = makeWorkplace(options);
  const figures = await measureSubjects(options, { folder, python, torch });
  const folderSeconds = await measureSmallFiles(options, folder);
  const goals = [...figures.flatMap(goalsOf), ...(folderSeconds ? [folderGoal(folderSeconds)] : [])];
  print([...(figures.length > 0 ? formatFigures(figures) : []), ...formatGoals(goals)]);
  if (options.json !== undefined) {
    const judged = goals.map((goal) => ({ ...goal, met: isMet(goal) }));
    await writeFile(
      options.json,
      `${JSON.stringify({ machine, options, figures, folderSeconds, goals: judged }, null, 2)}\n`,
    );
  }
  return 0;
}

/**
 * @param {Options} options
 * @param {{ folder: string, python: string, torch: string }} means
 */
async function measureSubjects({ only, rounds, scale }, { folder, python, torch }) {
  const figures = [];
  for (const full of SUBJECTS.filter(({ name }) => only.includes(name))) {
    const subject = { ...full, rows: scaled(full.rows, scale) };
    say(`${subject.name}: torch makes ${subject.rows} rows of ${subject.dim}, unless they are there`);
    const path = await subjectFile(subject, folder, { python, torch });
    figures.push(await measureSubject(subject, path, { python, rounds, log: say }));
  }
  return figures;
}

/**
 * @param {Options} options
 * @param {string} folder
 */
async function measureSmallFiles({ only, rounds, scale }, folder) {
  if (!only.includes(FOLDER.name)) return undefined;
  const files = scaled(FOLDER.files, scale);
  say(`folder: making ${files} checkpoints, unless they are there`);
  return measureFolder(await folderOfCheckpoints(files, folder), rounds);
}

/**
 * @param {number} count
 * @param {number} scale
 */
function scaled(count, scale) {
  return Math.max(1, Math.round(count * scale));
}

/** @param {Options} options */
function noteOnScale({ scale }) {
  return scale === 1 ? [] : [`sizes × ${scale}: the goals are for × 1`];
}

/** @param {readonly string[]} lines */
function print(lines) {
  process.stdout.write(`${lines.join('\n')}\n`);
}
