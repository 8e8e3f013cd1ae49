import type { TranslateFramesResult } from '../contract/prediction.ts';
import { finishAll, openFastaOutput, type FastaOutput } from './fasta-output.ts';
import { framesWithoutStop } from './frames.ts';
import { pathsOf } from './paths.ts';
import { settleStage, type StageRun } from './settle-stage.ts';
import { readStageFasta, requireStageRecord } from './stage-input.ts';
import { factOf, outputOf, type RecordedOutput } from './stage-record.ts';

/**
 * `{stem}_nucleotide.fa` and `{stem}_protein.faa`: the frames of the chunks that are free of stops, under the same ids in the
 * same order. Runs in a thread; see translateFrames.
 *
 * @throws as {@link settleStage}; CheckpointError `corrupted` if the chunks are not as they were written
 */
export async function writeFramesHere(run: StageRun): Promise<TranslateFramesResult> {
  const { input, request } = run;
  const paths = pathsOf(request, input);
  const chunked = outputOf(await requireStageRecord(run, 'chunking'), paths.chunked);
  const { outcome, record } = await settleStage(run, {
    stage: 'translating',
    of: { chunked: chunked.sha256 },
    make: async (outputs) => {
      const nucleotide = await openFastaOutput(outputs, paths.nucleotide);
      const protein = await openFastaOutput(outputs, paths.protein).catch(discardingBefore(nucleotide));
      try {
        const facts = await translateInto({ nucleotide, protein }, chunked, run);
        await finishAll([nucleotide, protein]);
        return facts;
      } finally {
        await nucleotide.discard();
        await protein.discard();
      }
    },
  });
  return { outcome, stem: input.stem, sequences: factOf(record, 'sequences') };
}

function discardingBefore(opened: FastaOutput): (error: unknown) => Promise<never> {
  return async (error) => {
    await opened.discard();
    throw error;
  };
}

async function translateInto(
  { nucleotide, protein }: Record<'nucleotide' | 'protein', FastaOutput>,
  chunked: RecordedOutput,
  run: StageRun,
): Promise<Record<'chunks' | 'sequences', number>> {
  const facts = { chunks: 0, sequences: 0 };
  for await (const chunk of readStageFasta(run, chunked)) {
    for (const frame of framesWithoutStop(chunk.sequence)) {
      const id = `${chunk.id}${frame.name}`;
      const written = [nucleotide.add(id, frame.nucleotides), protein.add(id, frame.protein)];
      const waiting = written.filter((one) => one !== undefined);
      if (waiting.length > 0) await Promise.all(waiting);
      facts.sequences += 1;
    }
    facts.chunks += 1;
    run.onProgress?.(facts.chunks, run.input.chunks);
  }
  return facts;
}
