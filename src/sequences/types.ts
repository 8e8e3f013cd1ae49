/** One record of a FASTA file. */
export interface FastaRecord {
  /** Header up to the first white space. */
  id: string;
  /** Upper case unless read otherwise, without white space. */
  sequence: string;
  /** 1-based line of its header. */
  line: number;
}

/** What is embedded: a whole record, or one window of it when `--chunk-length` is set. */
export interface SequenceWindow {
  id: string;
  sequence: string;
  /** Position among the windows of the file, from 0. */
  ordinal: number;
}

/** A run of windows of one file that becomes one checkpoint. */
export interface FilePart {
  /** From 1. */
  number: number;
  /** Ordinal of the first window. */
  first: number;
  /** Windows in this part. */
  count: number;
  /** Offset in the decompressed content of the header of the record that holds the first window. */
  byteOffset: number;
  /** Windows of that record that belong to earlier parts. */
  skipWindows: number;
  /** SHA-256 of the records that the windows are cut from, lower-case hex: tells whether they changed since. */
  recordsSha256: string;
  /** Ids of the windows in order. */
  ids: string[];
}

/** What one pass over an input file teaches. */
export interface InputSummary {
  /** SHA-256 of the decompressed content, lower-case hex. */
  sha256: string;
  /** Decompressed bytes. */
  bytes: number;
  gzip: boolean;
  records: number;
  /** Those of them without a sequence. */
  emptyRecords: number;
  windows: number;
  /** How often each letter occurs (upper case). */
  letters: Map<string, number>;
}

export type Alphabet = 'nucleotide' | 'protein';
