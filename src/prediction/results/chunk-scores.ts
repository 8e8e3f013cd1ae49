import type { ChunkPlace, ContigIndex } from './contig-index.ts';
import type { ResultRow } from './results-format.ts';

/** Frame and strand at the end of a sequence's id: `F1` to `R3`. */
const FRAME_LETTERS = 2;

/** A chunk with the highest scores of its frames. */
export interface CalledChunk extends ChunkPlace {
  /** Highest score of class others. */
  score0: number;
  /** Highest score of class virus. */
  score1: number;
  isVirus: boolean;
}

/** A contig by its chunks. */
export interface CalledContig {
  id: string;
  /** Letters. */
  length: number;
  chunks: number;
  /** Those with at least one frame that was classified. */
  classifiedChunks: number;
  viralChunks: number;
  /** Of the chunks' highest scores of class virus; undefined where no chunk was classified. */
  meanScore: number | undefined;
  maxScore: number | undefined;
  call: 'virus' | 'others' | 'unclassified';
}

/**
 * The highest scores of every chunk, as VirNucPro takes them: of each class on its own over the frames of the chunk, and
 * virus where that of virus is not the smaller one. Memory: 16 bytes a chunk, besides the contigs.
 */
export class ChunkScores {
  readonly #contigs: ContigIndex;
  readonly #score0: Float32Array;
  readonly #score1: Float32Array;
  /** Classified chunks in the order of their first frames, and their contigs. */
  readonly #order: Uint32Array;
  readonly #contigOf: Uint32Array;
  #classified = 0;

  constructor(contigs: ContigIndex) {
    this.#contigs = contigs;
    this.#score0 = new Float32Array(contigs.chunks).fill(-1);
    this.#score1 = new Float32Array(contigs.chunks).fill(-1);
    this.#order = new Uint32Array(contigs.chunks);
    this.#contigOf = new Uint32Array(contigs.chunks);
  }

  /** Chunks with at least one row. */
  get classified(): number {
    return this.#classified;
  }

  /** @returns false if the row is of no chunk of these contigs */
  add({ id, score1, score2 }: ResultRow): boolean {
    const place = this.#contigs.find(id.slice(0, -FRAME_LETTERS));
    if (place === undefined) return false;
    const { chunk, contig } = place;
    if (this.#scoresOf(chunk).score0 < 0) {
      this.#order[this.#classified] = chunk;
      this.#contigOf[this.#classified] = contig;
      this.#classified += 1;
    }
    this.#score0[chunk] = Math.max(this.#scoresOf(chunk).score0, score1);
    this.#score1[chunk] = Math.max(this.#scoresOf(chunk).score1, score2);
    return true;
  }

  /** Classified chunks in the order of their first frames. */
  *called(): Generator<CalledChunk, void, undefined> {
    for (let at = 0; at < this.#classified; at++) {
      yield this.#call({ chunk: this.#order[at] as number, contig: this.#contigOf[at] as number });
    }
  }

  /** @returns undefined if no frame of the chunk was classified, or there is no such chunk */
  find(chunkId: string): CalledChunk | undefined {
    const place = this.#contigs.find(chunkId);
    return place === undefined || this.#scoresOf(place.chunk).score0 < 0 ? undefined : this.#call(place);
  }

  /** Every contig, in the order of the input. */
  *contigs(): Generator<CalledContig, void, undefined> {
    for (const contig of this.#contigs.ids.keys()) yield this.#callContig(contig);
  }

  #scoresOf(chunk: number): { score0: number; score1: number } {
    return { score0: this.#score0[chunk] as number, score1: this.#score1[chunk] as number };
  }

  #call(place: ChunkPlace): CalledChunk {
    const { score0, score1 } = this.#scoresOf(place.chunk);
    return { ...place, score0, score1, isVirus: score1 >= score0 };
  }

  #callContig(contig: number): CalledContig {
    const first = this.#contigs.firstChunk(contig);
    const chunks = this.#contigs.chunksOf(contig);
    let [classified, viral, sum, max] = [0, 0, 0, 0];
    for (let chunk = first; chunk < first + chunks; chunk++) {
      const { score0, score1 } = this.#scoresOf(chunk);
      if (score0 < 0) continue;
      classified += 1;
      viral += score1 >= score0 ? 1 : 0;
      sum += score1;
      max = Math.max(max, score1);
    }
    return {
      id: this.#contigs.ids[contig] as string,
      length: this.#contigs.lengths[contig] as number,
      chunks,
      classifiedChunks: classified,
      viralChunks: viral,
      meanScore: classified === 0 ? undefined : sum / classified,
      maxScore: classified === 0 ? undefined : max,
      call: classified === 0 ? 'unclassified' : 2 * viral >= classified ? 'virus' : 'others',
    };
  }
}
