import { Socket } from 'node:net';
import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import type { EmbedItem, EmbedTask } from '../types.ts';
import type { Frame } from './frames.ts';
import { encodeFrame, FrameDecoder, payloadFromFloats } from './frames.ts';

/** Computes a batch; `isDropped` turns true when nobody waits for it any longer. */
export type ServeBatch = (
  task: EmbedTask,
  items: readonly EmbedItem[],
  isDropped: () => boolean,
) => Promise<Float32Array | undefined>;

/** Descriptor for the answers; see {@link EmbedderProcess}. */
const ANSWERS = 3;

/**
 * The other end of {@link EmbedderProcess}, for embedder processes written in Node: answers requests, any number at a
 * time, until stdin ends, and then exits, since the worker is gone.
 */
export function serve(embed: ServeBatch): void {
  const answers = new Socket({ fd: ANSWERS });
  const waiting = new Set<number>();
  const send = (header: object, payload?: Uint8Array): void => {
    for (const bytes of encodeFrame(header, payload)) answers.write(bytes);
  };

  const answer = async (id: number, frame: Frame): Promise<void> => {
    waiting.add(id);
    try {
      const { task, items } = decodeRequest(frame);
      const rows = await embed(task, items, () => !waiting.has(id));
      if (rows !== undefined && waiting.has(id)) send({ id }, payloadFromFloats(rows));
    } catch (error) {
      if (waiting.has(id)) send({ id, error: describeError(error) });
    } finally {
      waiting.delete(id);
    }
  };

  const decoder = new FrameDecoder();
  answers.on('error', () => process.exit(0));
  process.stdin.on('end', () => process.exit(0));
  process.stdin.on('data', (bytes: Buffer) => {
    for (const frame of decoder.push(bytes)) {
      const { id, drop } = frame.header;
      if (drop !== undefined) waiting.delete(Number(drop));
      else void answer(Number(id), frame);
    }
  });
  send({ ready: true });
}

function decodeRequest({ header, payload }: Frame): { task: EmbedTask; items: EmbedItem[] } {
  const { task, items } = header as { task: EmbedTask; items: { id: string; ordinal: number; length: number }[] };
  let at = 0;
  const decoded = items.map(({ id, ordinal, length }) => {
    const sequence = payload.toString('latin1', at, at + length);
    at += length;
    return { id, ordinal, sequence };
  });
  return { task, items: decoded };
}

function describeError(error: unknown): { type: FailureType; message: string } {
  if (error instanceof VirnucproError) return { type: error.type, message: error.message };
  return { type: FailureType.EmbeddingEmbedder, message: String(error) };
}
