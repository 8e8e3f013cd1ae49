import * as path from 'node:path';
import { validateEach } from '../checkpoint/validate-checkpoint.ts';
import { listOrNone } from '../platform/missing.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { ExistingJudge } from '../run/judge-existing.ts';
import { isMissing } from '../run/missing.ts';
import { readFasta } from '../sequences/index.ts';
import { pathsOf, splitNumber, type RecordedStage, type SideName } from './paths.ts';
import type { InputPlace, StageState } from './recorded-stages.ts';

/** Embedding tasks of one side of an input. */
export interface DraftedEmbedding {
  side: SideName;
  embedder: string;
  /** Split files, or how many there will be at most where that is not known yet (`estimated`). */
  tasks: number;
  /** Sound checkpoints that are there. */
  found: number;
  bad: number;
  estimated: boolean;
}

/** Frames that a chunk can be translated in. */
const FRAMES = 6;

/**
 * What the embedding run of a side would find: checkpoints are judged by their split files where these are there, by
 * themselves otherwise.
 *
 * @throws CheckpointError `unavailable`, errno errors, the abort reason
 */
export async function draftEmbedding(
  place: InputPlace,
  side: SideName,
  states: ReadonlyMap<RecordedStage, StageState>,
): Promise<DraftedEmbedding> {
  const { request, input } = place;
  const about = { side, embedder: request[side].embedder.name };
  const splits = await splitFiles(place, side);
  if (splits > 0) return { ...about, tasks: splits, estimated: false, ...(await judgeSplits(place, side, splits)) };
  const sequences = states.get('translating')?.record.facts['sequences'];
  const most = Math.ceil((sequences ?? input.chunks * FRAMES) / request.sequencesPerFile);
  const judged = await judgeAlone(place, side, most);
  return { ...about, tasks: most, estimated: sequences === undefined && most > 0, ...judged };
}

type Judged = Pick<DraftedEmbedding, 'found' | 'bad'>;

/** How many split files there are, counted from the first without a gap. */
async function splitFiles({ directory, request, input }: InputPlace, side: SideName): Promise<number> {
  const folder = path.join(directory, pathsOf(request, input).side(side));
  const numbers = new Set((await listOrNone(folder)).map(splitNumber));
  let count = 0;
  while (numbers.has(count + 1)) count += 1;
  return count;
}

async function judgeSplits({ directory, request, input, signal }: InputPlace, side: SideName, splits: number) {
  const paths = pathsOf(request, input);
  const judge = new ExistingJudge(path.join(directory, paths.side(side)), { ...request, signal });
  const { kind, dim } = request[side];
  const judged: Judged = { found: 0, bad: 0 };
  for (let part = 1; part <= splits; part++) {
    const split = paths.split(side, part);
    const file = path.posix.basename(paths.checkpoint(side, part));
    if ((await nodeFileSystem.stat(path.join(directory, paths.checkpoint(side, part)))) === undefined) continue;
    const ids: string[] = [];
    for await (const { id } of readFasta(path.join(directory, split), signal)) ids.push(id);
    const { state, inTheWay } = await judge.judge(file, { kind, dim, ids, source: path.posix.basename(split) });
    if (state === 'found') judged.found += 1;
    else if (inTheWay) judged.bad += 1;
  }
  return judged;
}

async function judgeAlone(
  { directory, request, input, signal }: InputPlace,
  side: SideName,
  most: number,
): Promise<Judged> {
  const paths = pathsOf(request, input);
  const { kind, dim } = request[side];
  const names = Array.from({ length: most }, (_, index) => path.join(directory, paths.checkpoint(side, index + 1)));
  const checks = names.map((name) => ({ path: name, expect: { kind, dim } }));
  const entries = await validateEach(checks, { trustContent: request.skipCheckpointValidation, signal });
  const there = entries.filter((entry) => !isMissing(entry));
  const found = there.filter(({ result, status }) => result === 'valid' && status !== 'in_progress').length;
  return { found, bad: there.length - found };
}
