import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { pathsOf } from '../../prediction/index.ts';
import type { RunManifest } from '../../run/manifest.ts';
import { plural } from '../terminal.ts';
import type { Finding } from './finding.ts';

/** Embedders that a folder is bound to, of a run or of a prediction. */
export function boundEmbedders({ embedders, prediction }: RunManifest): RunManifest['embedders'] {
  if (prediction === undefined) return embedders;
  const sides = [prediction.nucleotide, prediction.protein];
  return { ...embedders, ...Object.fromEntries(sides.map(({ embedder, fingerprint }) => [embedder, { fingerprint }])) };
}

/** Folders in which checkpoints of a folder lie, relative to it: of a prediction those of each input. */
export function checkpointFolders(manifest: RunManifest | undefined): string[] {
  if (manifest?.prediction === undefined) return [''];
  return Object.keys(manifest.inputs).flatMap((stem) => {
    const { merged, side } = namesOf(manifest, stem);
    return [side('nucleotide'), side('protein'), merged];
  });
}

/** What a prediction is made from, and how many inputs have results. */
export async function describePrediction(
  directory: string,
  manifest: RunManifest,
  { nucleotide, protein, classifier }: NonNullable<RunManifest['prediction']>,
): Promise<Finding[]> {
  const { runId, createdAt, inputs } = manifest;
  const stems = Object.keys(inputs);
  const there = await Promise.all(stems.map((stem) => isThere(join(directory, namesOf(manifest, stem).contigs))));
  const complete = there.filter(Boolean).length;
  const made = `${nucleotide.embedder} and ${protein.embedder}, classifier ${classifier.sha256.slice(0, 12)}`;
  const message = `prediction ${runId} of ${createdAt}: ${plural(stems.length, 'input')}, ${made}`;
  const results = `${complete}/${stems.length} inputs have all results`;
  const todo = 'the same predict command goes on with it, if it is not running';
  return [
    { check: 'run', status: 'ok', message },
    complete === stems.length
      ? { check: 'plan', status: 'ok', message: results }
      : { check: 'plan', status: 'info', message: results, todo },
  ];
}

/** Suffixes of checkpoints are not asked for. */
function namesOf({ settings }: RunManifest, stem: string) {
  const side = { suffix: '' };
  return pathsOf({ expectedLength: settings?.chunkLength ?? 0, nucleotide: side, protein: side }, { stem });
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
