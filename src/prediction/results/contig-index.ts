/** A chunk of a contig. */
export interface ChunkPlace {
  /** Of the contig, from 0. */
  contig: number;
  /** Of the chunk among all chunks of the input, from 0. */
  chunk: number;
}

/** What parts a chunk's number from the id of its contig. */
const CHUNK_MARK = '_chunk_';

const CHUNK_NUMBER = /^[1-9][0-9]*$/u;

/** The contigs of an input in their order, and where the chunks of each begin among all chunks. */
export class ContigIndex {
  readonly ids: string[] = [];
  /** Letters of each contig. */
  readonly lengths: number[] = [];
  readonly #firstChunks: number[] = [];
  readonly #byId = new Map<string, number>();
  #chunks = 0;

  /** Chunks of all contigs. */
  get chunks(): number {
    return this.#chunks;
  }

  add(id: string, letters: number, chunks: number): void {
    this.#byId.set(id, this.ids.length);
    this.ids.push(id);
    this.lengths.push(letters);
    this.#firstChunks.push(this.#chunks);
    this.#chunks += chunks;
  }

  /** @returns index of the first chunk of a contig */
  firstChunk(contig: number): number {
    return this.#firstChunks[contig] ?? this.#chunks;
  }

  chunksOf(contig: number): number {
    return this.firstChunk(contig + 1) - this.firstChunk(contig);
  }

  chunkId({ contig, chunk }: ChunkPlace): string {
    return `${this.ids[contig]}${CHUNK_MARK}${chunk - this.firstChunk(contig) + 1}`;
  }

  /** @returns undefined if no contig has such a chunk */
  find(chunkId: string): ChunkPlace | undefined {
    const mark = chunkId.lastIndexOf(CHUNK_MARK);
    const digits = chunkId.slice(mark + CHUNK_MARK.length);
    const contig = mark < 0 ? undefined : this.#byId.get(chunkId.slice(0, mark));
    if (contig === undefined || !CHUNK_NUMBER.test(digits)) return undefined;
    const number = Number(digits);
    return number > this.chunksOf(contig) ? undefined : { contig, chunk: this.firstChunk(contig) + number - 1 };
  }
}
