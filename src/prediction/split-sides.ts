import * as path from 'node:path';
import { corrupted, incompatible } from '../checkpoint/errors.ts';
import type { SideRun, SplitSequencesResult } from '../contract/prediction.ts';
import { listOrNone } from '../platform/missing.ts';
import { createFile } from '../run/atomic-file.ts';
import { inputsListing } from '../run/inputs.ts';
import { openManifest } from '../run/manifest.ts';
import { finishAll, openFastaOutput, type FastaOutput } from './fasta-output.ts';
import { foreignSplits } from './foreign-splits.ts';
import { pathsOf, splitNumber, type PredictionPaths, type SideName } from './paths.ts';
import { REMEDY } from './remedy.ts';
import { compareWithRecord, settleStage, type StageOutputs, type StageRun } from './settle-stage.ts';
import { readStageFasta, requireStageRecord } from './stage-input.ts';
import { factOf, outputOf, type RecordedOutput, type StageRecord } from './stage-record.ts';

/** A longer list would make a payload of the workflow large; it goes through a file. */
const MAX_INLINE_INPUTS = 100;

type Sides<Value> = Record<SideName, Value>;

/**
 * `{stem}_nucleotide/output_N.fa` and `{stem}_protein/output_N.fa`, and the run folders around them. Runs in a thread; see
 * splitSequences.
 *
 * @throws as {@link settleStage}; CheckpointError `corrupted` if the frames are not as they were written; VirnucproError
 *   `RunError.InvalidInput` if a run folder cannot be made
 */
export async function splitSidesHere(run: StageRun): Promise<SplitSequencesResult> {
  const { input, request } = run;
  const paths = pathsOf(request, input);
  const frames = await requireStageRecord(run, 'translating');
  const sources = { nucleotide: outputOf(frames, paths.nucleotide), protein: outputOf(frames, paths.protein) };
  const foreign = await foreignSplits(run, paths);
  const { outcome, record } = await settleStage(run, {
    stage: 'splitting',
    isForeign: (name) => foreign.has(name),
    of: {
      nucleotide: sources.nucleotide.sha256,
      protein: sources.protein.sha256,
      sequencesPerFile: String(request.sequencesPerFile),
    },
    make: async (outputs) => {
      await requireUnchanged(run, sources);
      const split = new SplitFiles(outputs, paths, request.sequencesPerFile);
      const facts = await splitInto(split, sources, run, factOf(frames, 'sequences'));
      await rejectSurplus(outputs, paths, facts.parts);
      return facts;
    },
  });
  return {
    outcome,
    stem: input.stem,
    parts: factOf(record, 'parts'),
    nucleotide: await openSide(run, paths, 'nucleotide', record),
    protein: await openSide(run, paths, 'protein', record),
  };
}

/** Parts get their names before all of a side was read. */
async function requireUnchanged(run: StageRun, sources: Sides<RecordedOutput>): Promise<void> {
  for (const source of Object.values(sources)) {
    const found = await compareWithRecord(run, source);
    if (found === 'missing') {
      const text = 'file does not exist; start the prediction again';
      throw corrupted(path.join(run.directory, source.path), 'MISSING', text);
    }
    if (found !== 'sound') throw found;
  }
}

async function splitInto(
  split: SplitFiles,
  sources: Sides<RecordedOutput>,
  run: StageRun,
  total: number,
): Promise<Record<'parts' | 'sequences' | 'sequencesPerFile', number>> {
  const proteins = readStageFasta(run, sources.protein);
  let sequences = 0;
  try {
    for await (const { id, sequence } of readStageFasta(run, sources.nucleotide)) {
      const { value: protein } = await proteins.next();
      if (protein?.id !== id) throw idsDiffer(run, sources, { number: sequences + 1, id, other: protein?.id });
      await split.add(id, sequence, protein.sequence);
      sequences += 1;
      run.onProgress?.(sequences, total);
    }
    const { value: surplus } = await proteins.next();
    if (surplus !== undefined) throw idsDiffer(run, sources, { number: sequences + 1, other: surplus.id });
    await split.finish();
    return { parts: split.parts, sequences, sequencesPerFile: run.request.sequencesPerFile };
  } finally {
    await proteins.return();
    await split.discard();
  }
}

function idsDiffer(
  { directory }: StageRun,
  { nucleotide, protein }: Sides<RecordedOutput>,
  { number, id, other }: { number: number; id?: string; other: string | undefined },
): Error {
  const quoted = (name: string | undefined): string => (name === undefined ? 'the end of the file' : `"${name}"`);
  const text =
    `record ${number}: expected ${quoted(id)} as in ${nucleotide.path}, found ${quoted(other)}; ` +
    'move both files away and start the prediction again';
  return incompatible(path.join(directory, protein.path), 'IDS_MISMATCH', text);
}

/** The parts of both sides, a pair at a time; while the disk takes one, the next is gathered. */
class SplitFiles {
  readonly #outputs: StageOutputs;
  readonly #paths: PredictionPaths;
  readonly #sequencesPerFile: number;
  #open: FastaOutput[] = [];
  #finishing: Promise<void> = Promise.resolve();
  #sequences = 0;
  parts = 0;

  constructor(outputs: StageOutputs, paths: PredictionPaths, sequencesPerFile: number) {
    this.#outputs = outputs;
    this.#paths = paths;
    this.#sequencesPerFile = sequencesPerFile;
  }

  async add(id: string, nucleotides: string, protein: string): Promise<void> {
    if (this.#sequences === this.#sequencesPerFile) await this.#finishOpen();
    if (this.#open.length === 0) await this.#openNext();
    this.#sequences += 1;
    const written = [this.#open[0]!.add(id, nucleotides), this.#open[1]!.add(id, protein)];
    const waiting = written.filter((one) => one !== undefined);
    if (waiting.length > 0) await Promise.all(waiting);
  }

  async finish(): Promise<void> {
    await this.#finishOpen();
    await this.#finishing;
  }

  /** Leaves nothing behind. Never throws. */
  async discard(): Promise<void> {
    await this.#finishing.catch(() => undefined);
    for (const output of this.#open) await output.discard();
    this.#open = [];
  }

  async #finishOpen(): Promise<void> {
    await this.#finishing;
    const pair = this.#open;
    this.#open = [];
    this.#sequences = 0;
    this.#finishing = finishAndDiscard(pair);
    // Whoever waits for it next is told; until then nobody does.
    this.#finishing.catch(() => undefined);
  }

  async #openNext(): Promise<void> {
    this.parts += 1;
    for (const side of ['nucleotide', 'protein'] as const) {
      this.#open.push(await openFastaOutput(this.#outputs, this.#paths.split(side, this.parts)));
    }
  }
}

async function finishAndDiscard(pair: readonly FastaOutput[]): Promise<void> {
  try {
    await finishAll(pair);
  } finally {
    for (const output of pair) await output.discard();
  }
}

/** Files of another split would otherwise be taken for parts of this one. */
async function rejectSurplus(outputs: StageOutputs, paths: PredictionPaths, parts: number): Promise<void> {
  for (const side of ['nucleotide', 'protein'] as const) {
    const folder = outputs.absolute(paths.side(side));
    for (const name of await listOrNone(folder, outputs.fileSystem)) {
      if ((splitNumber(name) ?? 0) <= parts) continue;
      const text = `expected ${parts} files, found one more; ${REMEDY}`;
      await outputs.rejected(incompatible(path.join(folder, name), 'SURPLUS', text));
    }
  }
}

/** The run folder of a side, as its embeddingRun is started with. */
async function openSide(
  { directory }: StageRun,
  paths: PredictionPaths,
  side: SideName,
  record: StageRecord,
): Promise<SideRun> {
  const folder = path.join(directory, paths.side(side));
  const { runId } = await openManifest(folder);
  const inputs = Array.from({ length: factOf(record, 'parts') }, (_, at) =>
    path.join(directory, paths.split(side, at + 1)),
  );
  if (inputs.length <= MAX_INLINE_INPUTS) return { directory: folder, runId, inputs };
  const { name, content } = inputsListing(inputs);
  await createFile(path.join(folder, name), content);
  return { directory: folder, runId, inputsFile: name };
}
