import type { ByteSource } from '../byte-source.ts';
import type { Archive } from './archive.ts';

/**
 * Level `header`: size, end records and central directory only.
 *
 * @throws TorchFileError
 */
export function readDirectory(source: ByteSource): Archive {
  throw new Error(`not written yet: ${source.size}`);
}

/**
 * The directory, and every local header and data descriptor checked against it: records, directory and end records cover
 * the file exactly once. CRCs are not computed here.
 *
 * @throws TorchFileError
 */
export function readArchive(source: ByteSource): Archive {
  throw new Error(`not written yet: ${source.size}`);
}
