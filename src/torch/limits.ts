/**
 * Every budget of the reader. None can be raised by an option: a file that needs more is `LIMIT_EXCEEDED`.
 */

/** 70,000 records are written by real programs; a directory of a million already takes ~200 MB as objects. (CWE-770) */
export const MAX_RECORDS = 1_000_000;

/** Bytes of the central directory, read at once: a million records with names of 80 bytes. (CWE-789) */
export const MAX_DIRECTORY_BYTES = 128 << 20;

/** Bytes of `version`, `byteorder` and their like; the longest real one is the serialization id of 40 digits. */
export const MAX_METADATA_BYTES = 256;

/** Highest content of record `version` that torch itself reads (`kMaxSupportedFileFormatVersion`). */
export const MAX_FORMAT_VERSION = 10;

/**
 * Values on the pickle stack. Python flushes lists, dicts and sets every 1,000 items; only tuples are longer. (CWE-400)
 */
export const MAX_STACK = 1 << 18;

/** Nested MARKs and nested containers: Python's own pickler gives up at a recursion depth of 1,000. (CWE-674) */
export const MAX_DEPTH = 2_000;

/**
 * Estimated bytes of JS heap for the values of a pickle, whatever its size: room for small files. Larger pickles get
 * {@link HEAP_PER_PICKLE_BYTE} for each of their bytes, so that memory stays a small multiple of what was downloaded.
 * The densest honest file, tensors of one element each, needs about 8 per byte. (CWE-409)
 */
export const MIN_HEAP_BUDGET = 32 << 20;
export const HEAP_PER_PICKLE_BYTE = 12;

/** Length of one string or bytes object kept in memory: a numpy array of 60,000 × 1,024 float32. (CWE-789) */
export const MAX_TEXT_BYTES = 256 << 20;

/** Magnitude bytes of a Python int: 2^2040 is more than any size, id or count needs. Avoids quadratic parsing. */
export const MAX_LONG_BYTES = 255;

/** Characters of a module or attribute name; the longest one on the allowlist has 40. */
export const MAX_GLOBAL_NAME = 256;

/** Nodes of a tuple used as a dict key: comparing by content walks shared parts again and again (CWE-407). */
export const MAX_KEY_NODES = 1_000;

/** Characters of all texts in such a tuple, and bytes of a bytes object used as a key: the file holds shared texts once. */
export const MAX_KEY_CHARACTERS = 1_024;

/** Dimensions of a tensor, torch's own limit. */
export const MAX_RANK = 64;
