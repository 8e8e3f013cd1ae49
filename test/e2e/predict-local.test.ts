// Predictions on a server of their own, killed with all their processes and started again.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classifyInDoubles } from '../support/classifier-model.ts';
import { runCommand, type Command, type CommandResult } from '../support/command.ts';
import {
  CLASSIFIER,
  contigs,
  FAKE_SIDES,
  LENGTH,
  resultsOf,
  stateOf,
  tableOf,
  writeClassifier,
} from '../support/predict-files.ts';
import { processesOf } from '../support/processes.ts';
import { contentOf, leftovers, logLines, type Content } from '../support/run-folder.ts';
import { leaveHalfWritten } from '../support/temp-names.ts';
import { workplace, type Workplace } from '../support/workplace.ts';

let home: string;
let model: string;
/** What an undisturbed prediction gives; made once. */
let whole: Record<string, string>;

/** Long enough for a kill to hit the embedding, short enough to be waited for. */
const DELAY_MS = 15;

function makeInputs(folder: string): void {
  writeFileSync(join(folder, 'a.fa'), contigs('a', 8));
  writeFileSync(join(folder, 'bb.fa'), contigs('bb', 5));
}

function args(folder: string): string[] {
  const settings = ['--model', model, '--expected-length', String(LENGTH), '--sequences-per-file', '25'];
  const slow = ['--nucleotide-option', `delayMs=${DELAY_MS}`, '--nucleotide-option', `log=${join(folder, 'log')}`];
  const inputs = [join(folder, 'a.fa'), join(folder, 'bb.fa')];
  return ['predict', ...inputs, '-o', join(folder, 'out'), ...settings, ...FAKE_SIDES, ...slow, '--json'];
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'virnucpro-predict-'));
  model = writeClassifier(join(home, 'model.pth'));
  makeInputs(home);
  const { code, stderr } = await runCommand(args(home), { stateHome: join(home, 'state') });
  if (code !== 0) throw new Error(`the undisturbed prediction ended with ${code}: ${stderr}`);
  whole = resultsOf(join(home, 'out'));
});

afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));

/** What shows that a stage is at work: a file of it, whole or not. */
const SIGNS: Readonly<Record<string, (at: Workplace) => boolean>> = {
  chunking: (at) => isThere(at.path('out'), /a_chunked/u),
  translating: (at) => isThere(at.path('out'), /a_(?:nucleotide\.fa|protein\.faa)/u),
  splitting: (at) => isThere(at.path('out', 'a_nucleotide'), /output_\d+\.fa/u),
  embedding: (at) => logLines(at.path('log')).length > 20,
  merging: (at) => isThere(at.path('out', 'a_merged'), /_merged\.pt/u),
  classifying: (at) => isThere(at.path('out', 'a_merged'), /prediction_results\.txt/u),
  consensus: (at) => isThere(at.path('out', 'a_merged'), /_(?:highestscore|contigs)/u),
};

function isThere(folder: string, name: RegExp): boolean {
  try {
    return readdirSync(folder).some((one) => name.test(one));
  } catch {
    return false;
  }
}

/** kill -9 of command, worker and server as soon as the stage is at work. */
async function killAt(stage: string, at: Workplace): Promise<Command> {
  const command = at.start(args(at.folder));
  await command.until(() => SIGNS[stage]?.(at) === true, `${stage} was at work`);
  for (const { pid } of processesOf(at.stateHome)) kill(pid);
  expect((await command.ended).code).toBe(137);
  return command;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}

/** Stages at which one prediction is killed, one after the other; the predictions run side by side. */
const LANES = [
  ['chunking', 'embedding', 'consensus'],
  ['translating', 'merging'],
  ['splitting', 'classifying'],
];

/** @returns how the last start ended */
async function killedAt(stages: readonly string[], at: Workplace): Promise<CommandResult> {
  makeInputs(at.folder);
  for (const [number, stage] of stages.entries()) {
    const command = await killAt(stage, at);
    if (number > 0) expect(command.stderr).toContain('Attached to virnucpro-');
  }
  // A kill hits these only now and then.
  leaveHalfWritten(at.path('out', '.virnucpro'), ['owner.json', 'inputs.txt']);
  leaveHalfWritten(at.path('out', '.virnucpro', 'stages'), ['bb.chunking.json']);
  leaveHalfWritten(at.path('out'), ['report.json', 'bb_chunked500.fa']);
  return at.run(args(at.folder));
}

describe('predict, killed and started again', () => {
  it('kill -9 of command, worker and server in every stage → the same workflow goes on to the same results', async () => {
    const lanes = LANES.map((stages) => ({ stages, at: workplace() }));
    const ended = await Promise.all(lanes.map(({ stages, at }) => killedAt(stages, at)));
    for (const [lane, { code, stdout, stderr }] of ended.entries()) {
      const { at } = lanes[lane]!;
      expect({ lane, code, stderr: code === 0 ? '' : stderr }).toEqual({ lane, code: 0, stderr: '' });
      expect(stderr).toContain('Attached to virnucpro-');
      expect(JSON.parse(stdout)).toMatchObject({ outcome: 'success', inputs: 2, predicted: 2 });
      expect(resultsOf(at.path('out'))).toEqual(whole);
      expect(leftovers(at.path('out'))).toEqual([]);
      expect(processesOf(at.stateHome)).toEqual([]);
    }
  });
});

const REFERENCE = fileURLToPath(new URL('../../../shared/data/reference-v0', import.meta.url));
const NO_PYTHON = { VIRNUCPRO_SIDECAR_PYTHON: '', XDG_DATA_HOME: '/nowhere' };
const STEM = 'test_fixed_500bp';

/** The folder that VirNucPro leaves when it has embedded; nothing else of it. */
function leaveEmbeddings(out: string): void {
  for (const [side, name] of [
    ['nucleotide', 'output_1_DNABERT_S.pt'],
    ['protein', 'output_1_ESM.pt'],
  ] as const) {
    mkdirSync(join(out, `${STEM}_${side}`), { recursive: true });
    cpSync(join(REFERENCE, name), join(out, `${STEM}_${side}`, name), { preserveTimestamps: true });
  }
}

describe.skipIf(!existsSync(REFERENCE))('predict, in a folder that VirNucPro has left, without a Python', () => {
  const reference = (name: string) => readFileSync(join(REFERENCE, name));

  it('both embedding checkpoints → nothing is embedded or modified, files as VirNucPro writes them; one gone → exit 1', async () => {
    const at = workplace(NO_PYTHON);
    const out = at.path('out');
    leaveEmbeddings(out);
    const before = stateOf(out);
    const command = [
      'predict',
      join(REFERENCE, `${STEM}.fa`),
      '-o',
      'out',
      '--model',
      model,
      '--no-progress',
      '--json',
    ];
    const { code, stdout, stderr } = await at.run(command);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const embedding = { tasks: 2, found: 2, embedded: 0, failed: 0 };
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'success', predicted: 1, embedding });
    expect(stateOf(out)).toMatchObject(before);
    expect(readFileSync(join(out, `${STEM}_chunked500.fa`))).toEqual(reference(`${STEM}_chunked500.fa`));
    expect(readFileSync(join(out, `${STEM}_nucleotide.fa`))).toEqual(reference(`${STEM}_identified_nucleotide.fa`));
    expect(readFileSync(join(out, `${STEM}_protein.faa`))).toEqual(reference(`${STEM}_identified_protein.faa`));
    const merged = await contentOf(join(out, `${STEM}_merged`, 'output_1_merged.pt'));
    expect(merged).toEqual(await contentOf(join(REFERENCE, 'output_1_merged.pt')));
    expectScores(out, merged);

    rmSync(join(out, `${STEM}_protein`, 'output_1_ESM.pt'));
    const again = await at.run(command);
    expect(again.code).toBe(1);
    const missing = /^embedder esm2-3b: no Python for the models: .*virnucpro setup-models/u;
    expect(JSON.parse(again.stdout)).toMatchObject({
      ...{ outcome: 'failed', exitCode: 1, directory: 'out' },
      error: { type: 'RunError.InvalidInput', message: expect.stringMatching(missing) },
    });
    expect(processesOf(at.stateHome)).toEqual([]);
  });
});

/** Against a forward pass in double precision. */
function expectScores(out: string, { ids, rows }: Content): void {
  const scores = classifyInDoubles(CLASSIFIER, Float32Array.from(rows.flat()));
  const table = tableOf(join(out, `${STEM}_merged`, 'prediction_results.txt'));
  expect(table.map(({ Sequence_ID }) => Sequence_ID)).toEqual(ids);
  for (const [at, { Prediction, score1, score2 }] of table.entries()) {
    expect(Math.abs(Number(score1) - (scores[2 * at] ?? 9))).toBeLessThan(1e-6);
    expect(Math.abs(Number(score2) - (scores[2 * at + 1] ?? 9))).toBeLessThan(1e-6);
    expect(Prediction).toBe(Number(score2) > Number(score1) ? 'virus' : 'others');
  }
}
