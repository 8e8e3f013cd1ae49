import { createHash } from 'node:crypto';
import * as path from 'node:path';
import { FailureType } from '../contract/failure-types.ts';
import type { ChunkSequencesResult } from '../contract/prediction.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { chunkSequence, readRecords } from '../sequences/index.ts';
import { openFastaOutput, type FastaOutput } from './fasta-output.ts';
import { pathsOf } from './paths.ts';
import { settleStage, type StageRun } from './settle-stage.ts';
import { factOf } from './stage-record.ts';

/** As Biopython writes FASTA, and so VirNucPro its chunks. */
const LINE_LENGTH = 60;

/**
 * `{stem}_chunked{L}.fa`: the contigs of an input, cut. Runs in a thread; see cutChunks.
 *
 * @throws as {@link settleStage}; VirnucproError `RunError.InvalidInput` if the input is not what the request was checked with
 */
export async function cutChunksHere(run: StageRun): Promise<ChunkSequencesResult> {
  const { input, request } = run;
  const { outcome, record } = await settleStage(run, {
    stage: 'chunking',
    of: { input: input.sha256, expectedLength: String(request.expectedLength) },
    make: async (outputs) => {
      const output = await openFastaOutput(outputs, pathsOf(request, input).chunked, LINE_LENGTH);
      try {
        const facts = await cutInto(output, run);
        await output.finish();
        return facts;
      } finally {
        await output.discard();
      }
    },
  });
  return { outcome, stem: input.stem, contigs: factOf(record, 'contigs'), chunks: factOf(record, 'chunks') };
}

async function cutInto(
  output: FastaOutput,
  { input, request, signal, onProgress }: StageRun,
): Promise<Record<'contigs' | 'chunks', number>> {
  const file = path.join(request.inputRoot, input.path);
  const hash = createHash('sha256');
  const onContent = (bytes: Buffer): void => void hash.update(bytes);
  const facts = { contigs: 0, chunks: 0 };
  for await (const { id, sequence } of readRecords(file, {
    ...{ signal, onContent, keepCase: true, emptyRecords: 'keep' },
  })) {
    if (sequence !== '') facts.contigs += 1;
    for (const chunk of chunkSequence(id, sequence, request.expectedLength)) {
      const written = output.add(chunk.id, chunk.sequence);
      if (written !== undefined) await written;
      facts.chunks += 1;
      onProgress?.(facts.chunks, input.chunks);
    }
  }
  if (hash.digest('hex') === input.sha256) return facts;
  throw new VirnucproError(
    FailureType.RunInvalidInput,
    `${file}: the input changed since the prediction began; put it back, or predict it into another folder`,
  );
}
