import { TorchFileError } from '../errors.ts';
import type { TorchFileCode } from '../errors.ts';
import { readBytes } from '../byte-source.ts';
import type { ByteSource } from '../byte-source.ts';
import { isSafetensors } from '../safetensors/read-safetensors.ts';

interface ForeignFormat {
  readonly code: TorchFileCode;
  readonly what: string;
  readonly matches: (head: Buffer, size: number) => boolean;
}

/** Offset of `ustar` in a tar header. */
const TAR_MAGIC_OFFSET = 257;
const HEAD_BYTES = 512;

/** Pickle (protocol 2) of torch's legacy magic number 0x1950a86a20f9469cfc6c. */
const LEGACY_MAGIC = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');

function startsWith(...starts: (string | Buffer)[]): ForeignFormat['matches'] {
  const wanted = starts.map((start) => (typeof start === 'string' ? Buffer.from(start, 'latin1') : start));
  return (head) => wanted.some((start) => head.subarray(0, start.length).equals(start));
}

const FORMATS: readonly ForeignFormat[] = [
  {
    code: 'LEGACY_FORMAT',
    what: 'a legacy PyTorch file (before 1.6): load it with torch and save it again',
    matches: startsWith(LEGACY_MAGIC),
  },
  {
    code: 'LEGACY_FORMAT',
    what: 'a preview PyTorch file (PYTORCH1): load it with the torch that wrote it and save it again',
    matches: startsWith('PYTORCH1'),
  },
  {
    code: 'LEGACY_FORMAT',
    what: 'a tar file, perhaps PyTorch before 0.1.10: load it with torch and save it again',
    matches: (head) => head.subarray(TAR_MAGIC_OFFSET, TAR_MAGIC_OFFSET + 5).toString('latin1') === 'ustar',
  },
  { code: 'OTHER_FORMAT', what: 'a gzip file: decompress it first', matches: startsWith(Buffer.from('1f8b08', 'hex')) },
  { code: 'OTHER_FORMAT', what: 'an HDF5 file', matches: startsWith(Buffer.from('894844460d0a1a0a', 'hex')) },
  { code: 'OTHER_FORMAT', what: 'a NumPy .npy file', matches: startsWith(Buffer.from('934e554d5059', 'hex')) },
  {
    code: 'OTHER_FORMAT',
    what: 'a git-lfs pointer, not the file itself: run git lfs pull',
    matches: startsWith('version https://git-lfs.github.com/spec/'),
  },
  {
    code: 'OTHER_FORMAT',
    what: 'an HTML page, perhaps an error page that was saved instead of the download',
    matches: (head) => /^\s*<(!doctype html|html|head|body)/i.test(head.toString('latin1')),
  },
  { code: 'OTHER_FORMAT', what: 'a safetensors file', matches: isSafetensors },
  {
    code: 'OTHER_FORMAT',
    what: 'a bare pickle, not a torch.save file',
    matches: (head) => head[0] === 0x80 && head[1] !== undefined && head[1] >= 2 && head[1] <= 5,
  },
];

/**
 * Names what a file is that does not start as a ZIP does.
 *
 * @returns always an error: `NOT_A_ZIP` where the bytes are of no known format
 */
export function foreignFormatError(source: ByteSource): TorchFileError {
  const head = readBytes(source, 0, Math.min(source.size, HEAD_BYTES));
  const format = FORMATS.find(({ matches }) => matches(head, source.size));
  if (format !== undefined) {
    return new TorchFileError(format.code, `not a valid ZIP archive: ${format.what}`, { offset: 0 });
  }
  return new TorchFileError(
    'NOT_A_ZIP',
    `not a valid ZIP archive: starts with bytes ${head.subarray(0, 4).toString('hex')}, expected 504b0304`,
    { offset: 0 },
  );
}
