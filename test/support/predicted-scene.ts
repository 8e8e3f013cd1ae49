import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FinishPredictionInput } from '../../src/contract/prediction.ts';
import { callConsensusHere } from '../../src/prediction/call-consensus.ts';
import { mergeEmbeddings } from '../../src/prediction/merge-stage.ts';
import { digestOfParts } from '../../src/prediction/parts.ts';
import { storePredictionRequest } from '../../src/prediction/request.ts';
import { resultLine, RESULTS_HEADER } from '../../src/prediction/results/results-format.ts';
import { writeStageRecord } from '../../src/prediction/stage-record.ts';
import { embedPart } from './prediction-scene.ts';
import { syntheticSources } from './report-sources.ts';
import { sequence } from './run-folder.ts';
import { runStages, stageScene, type SceneOptions, type StageScene } from './stage-scene.ts';

export interface PredictedScene extends StageScene {
  /** How a prediction of this folder is finished. */
  finishing: FinishPredictionInput;
}

/** Two contigs, the second of them shorter than a chunk, so that all frames of it may be free of stops. */
const CONTIGS = `>long one\n${sequence(1, 1400)}\n>short\n${'ACG'.repeat(40)}\n`;

/** The folder of a prediction whose stages have all ended, from a FASTA file on. */
export async function predictedScene(options: SceneOptions = {}, content = CONTIGS): Promise<PredictedScene> {
  const startedAt = new Date().toISOString();
  const scene = await stageScene(content, { sequencesPerFile: 4, ...options });
  const { splitting } = await runStages(scene);
  const ids: string[] = [];
  for (const side of ['nucleotide', 'protein'] as const) {
    for (let part = 1; part <= splitting.parts; part++) {
      const mine = idsOf(await scene.read(scene.paths.split(side, part)));
      if (side === 'protein') ids.push(...mine);
      await embedPart(scene, side, part, mine);
    }
    writeSideReport(scene, side);
  }
  await mergeEmbeddings(scene, { allowMissing: false });
  await classifyAs(scene, ids);
  await callConsensusHere(scene);
  const request = await storePredictionRequest(scene.directory, scene.request);
  const embedding = { tasks: 2, found: 0, embedded: 2, failed: 0, skipped: 0, skippedSequences: 0, rows: 200 };
  const run = { directory: scene.directory, runId: 'run' };
  return { ...scene, finishing: { contract: 1, run, request, partial: false, embedding, startedAt } };
}

/** Results as a classifier might have left them. */
async function classifyAs(scene: StageScene, ids: readonly string[]): Promise<void> {
  const lines = ids.map((id, at) => resultLine({ id, score1: (at % 3) / 4, score2: 1 - (at % 3) / 4 }));
  const text = `${RESULTS_HEADER}\n${lines.join('')}`;
  await scene.write(scene.paths.results, text);
  const sha256 = createHash('sha256').update(text).digest('hex');
  await writeStageRecord(scene, {
    stage: 'classifying',
    of: { merged: digestOfParts((await scene.record('merging'))?.outputs ?? []) },
    outputs: [{ path: scene.paths.results, bytes: text.length, sha256 }],
    facts: { rows: ids.length },
    startedAt: new Date(),
  });
}

function idsOf(fasta: string): string[] {
  return [...fasta.matchAll(/^>(?<id>\S+)/gmu)].map(({ groups }) => groups?.['id'] ?? '');
}

/** The report of an embedding run that has ended a moment ago. */
export function writeSideReport(scene: StageScene, side: 'nucleotide' | 'protein', more: object = {}): void {
  const { report } = syntheticSources({ files: 1, embedders: ['fake'] });
  const startedAt = new Date().toISOString();
  const worker = { host: 'node-1', pid: 7, startedAt, package: '0.1.0', node: 'v20', platform: 'Linux' };
  const own = { startedAt, finishedAt: startedAt, seconds: 2, workers: [worker], ...more };
  mkdirSync(scene.file(scene.paths.side(side)), { recursive: true });
  writeFileSync(join(scene.file(scene.paths.side(side)), 'report.json'), JSON.stringify({ ...report, ...own }));
}
