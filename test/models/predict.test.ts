// The genome of lambda, from the FASTA file to the calls, with the two models in tiny sizes and random weights.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { findSidecarPython } from '../../src/platform/sidecar-python.ts';
import { rehearsal } from '../support/model-runs.ts';
import { tableOf, writeClassifier } from '../support/predict-files.ts';
import { contentOf } from '../support/run-folder.ts';
import { workplace } from '../support/workplace.ts';

const LAMBDA = fileURLToPath(new URL('../../examples/lambda_phage.fa', import.meta.url));
const FORWARD = fileURLToPath(new URL('classifier_forward.py', import.meta.url));
const CHUNKS = 98;
/** Of probabilities, as float32 and with four digits or more. */
const TOLERANCE = 1e-6;

function optionsOf(flag: string, tiny: object): string[] {
  return Object.entries(rehearsal(tiny)).flatMap(([key, value]) => [flag, `${key}=${value}`]);
}

/** @returns `[p(others), p(virus)]` by id */
function forward(model: string, merged: string): Record<string, [number, number]> {
  const python = findSidecarPython();
  if ('problem' in python) throw new Error(python.problem);
  const { status, stdout, stderr } = spawnSync(python.command, [FORWARD, model, merged], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`classifier_forward.py ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, [number, number]>;
}

it('lambda with dnabert-s and esm2-3b → 98 chunks, rows of 3,328 values, the scores of a torch forward; again → found', async () => {
  const at = workplace();
  const model = writeClassifier(at.path('500_model.pth'));
  const args = [
    ...['predict', LAMBDA, '--model', model, '--json'],
    ...optionsOf('--nucleotide-option', { layers: 2, hidden: 768, heads: 12, intermediate: 160 }),
    ...optionsOf('--protein-option', { layers: 1, heads: 8, intermediate: 32 }),
  ];
  const { code, stdout, stderr } = await at.run(args);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  const out = at.path('lambda_phage_predictions');
  const merged = at.path('lambda_phage_predictions', 'lambda_phage_merged', 'output_1_merged.pt');
  const { ids, rows } = await contentOf(merged);
  expect(new Set(rows.map((row) => row.length))).toEqual(new Set([3328]));
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ outcome: 'success', directory: 'lambda_phage_predictions', contigs: 1, chunks: CHUNKS },
    ...{ sequences: ids.length, embedding: { tasks: 2, embedded: 2, rows: 2 * ids.length } },
  });
  const expected = forward(model, merged);
  const scored = tableOf(`${out}/lambda_phage_merged/prediction_results.txt`);
  expect(scored.map(({ Sequence_ID }) => Sequence_ID)).toEqual(Object.keys(expected));
  for (const { Sequence_ID = '', score1, score2 } of scored) {
    const [others, virus] = expected[Sequence_ID]!;
    expect(Math.abs(Number(score1) - others)).toBeLessThan(TOLERANCE);
    expect(Math.abs(Number(score2) - virus)).toBeLessThan(TOLERANCE);
  }
  expect(JSON.parse(readFileSync(`${out}/run.json`, 'utf8'))).toMatchObject({
    prediction: {
      nucleotide: { embedder: 'dnabert-s', fingerprint: { weights: 'random-init' } },
      protein: { embedder: 'esm2-3b', fingerprint: { weights: 'random-init' } },
    },
  });
  const again = await at.run(args);
  expect(JSON.parse(again.stdout)).toMatchObject({ outcome: 'success', embedding: { found: 2, embedded: 0 } });
});
