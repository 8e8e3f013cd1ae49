import { createHash } from 'node:crypto';
import { incompatible } from '../../checkpoint/errors.ts';
import { quote } from '../../checkpoint/text.ts';
import { digestOf, publishFile } from '../publish-file.ts';
import { REMEDY } from '../remedy.ts';
import type { StageOutputs } from '../settle-stage.ts';
import type { CalledChunk, ChunkScores } from './chunk-scores.ts';
import type { ContigIndex } from './contig-index.ts';
import { isOverlong, LineReader } from './lines.ts';
import { isSameScore, parseScore } from './results-format.ts';
import { scoreText } from './score-text.ts';

/** First line of prediction_results_highestscore.csv, which is separated by tabs; the original has the first two columns. */
const HEADER = 'Modified_ID\tIs_Virus\tmax_score_0\tmax_score_1';
const ORIGINAL_HEADER = 'Modified_ID\tIs_Virus';

/**
 * prediction_results_highestscore.csv: written where there is none. One that is there without a record is compared: the same
 * chunks with the same calls, in any order, with or without scores.
 *
 * @param name relative to DIR, with `/`
 * @throws errno errors; CheckpointError `incompatible` naming the first line that differs
 */
export async function putHighestScores(
  outputs: StageOutputs,
  name: string,
  contigs: ContigIndex,
  scores: ChunkScores,
): Promise<void> {
  const state = await outputs.state(name);
  if (state === 'missing') {
    const published = await publishFile(outputs.absolute(name), linesOf(contigs, scores), outputs.publishing);
    outputs.published(name, published);
  }
  if (state === 'unrecorded') await compare(outputs, name, contigs, scores);
}

function* linesOf(contigs: ContigIndex, scores: ChunkScores): Generator<string, void, undefined> {
  yield `${HEADER}\n`;
  for (const chunk of scores.called()) {
    const cells = [chunk.isVirus ? 'True' : 'False', scoreText(chunk.score0), scoreText(chunk.score1)];
    yield `${contigs.chunkId(chunk)}\t${cells.join('\t')}\n`;
  }
}

async function compare(outputs: StageOutputs, name: string, contigs: ContigIndex, scores: ChunkScores): Promise<void> {
  const file = outputs.absolute(name);
  const lines = new LineReader(file, outputs.publishing.signal);
  try {
    const difference = await firstDifference(lines, scores);
    if (difference !== undefined) {
      const why = `line ${lines.number}: ${difference}; it does not belong to these results: ${REMEDY}`;
      await outputs.rejected(incompatible(file, 'CONTENT', why));
    } else outputs.kept(name, await digestOf(outputs.fileSystem, file), ownDigest(contigs, scores));
  } catch (error) {
    if (!isOverlong(error)) throw error;
    await outputs.rejected(error);
  } finally {
    await lines.close();
  }
}

/** Of the file as it would have been written. */
function ownDigest(contigs: ContigIndex, scores: ChunkScores): string {
  const hash = createHash('sha256');
  for (const line of linesOf(contigs, scores)) hash.update(line);
  return hash.digest('hex');
}

async function firstDifference(lines: LineReader, scores: ChunkScores): Promise<string | undefined> {
  const header = await lines.next();
  if (header !== HEADER && header !== ORIGINAL_HEADER)
    return `expected the header "${HEADER}", found ${quote(header ?? '')}`;
  const seen = new Set<number>();
  for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
    const [id = '', ...cells] = line.split('\t');
    const chunk = scores.find(id);
    if (chunk === undefined) return `${quote(id)} is no chunk of these results`;
    if (seen.has(chunk.chunk)) return `"${id}" is there twice`;
    seen.add(chunk.chunk);
    const difference = differenceOf(chunk, cells, header === HEADER);
    if (difference !== undefined) return `"${id}": ${difference}`;
  }
  return seen.size === scores.classified ? undefined : `expected ${scores.classified} chunks, found ${seen.size}`;
}

function differenceOf(chunk: CalledChunk, cells: readonly string[], withScores: boolean): string | undefined {
  const expected = chunk.isVirus ? 'True' : 'False';
  // Scores as close as this may be called either way by another device.
  if (cells[0] !== expected && !isSameScore(chunk.score0, chunk.score1))
    return `expected ${expected}, found ${quote(cells[0] ?? '')}`;
  if (!withScores) return undefined;
  const [score0, score1] = [parseScore(cells[1] ?? ''), parseScore(cells[2] ?? '')];
  const isSame =
    score0 !== undefined &&
    score1 !== undefined &&
    isSameScore(score0, chunk.score0) &&
    isSameScore(score1, chunk.score1);
  return isSame
    ? undefined
    : `expected the scores ${chunk.score0} and ${chunk.score1}, found ${quote(cells.slice(1).join(' and '))}`;
}
