import { TorchFileError } from './errors.ts';
import { MAX_FORMAT_VERSION, MAX_METADATA_BYTES } from './limits.ts';
import type { Archive, ArchiveRecord } from './zip/archive.ts';

/** What the small text records of a `.pt` file say. */
export interface Metadata {
  readonly formatVersion: number;
  readonly byteOrder: 'little' | 'big';
}

/** Version of the layout promise in `.format_version`: offsets of storages can be computed from the pickle. */
const LAYOUT_VERSION = '1';

function broken(record: ArchiveRecord, text: string, expected: string): TorchFileError {
  const shown = JSON.stringify(text.slice(0, 40));
  return new TorchFileError(
    'BROKEN_METADATA',
    `record ${record.name} at offset ${record.dataOffset} holds ${shown}, expected ${expected}`,
    { record: record.name, offset: record.dataOffset },
  );
}

function unsupported(record: ArchiveRecord, text: string, newest: number | string): TorchFileError {
  return new TorchFileError(
    'FORMAT_VERSION',
    `record ${record.name} asks for version ${text}, the newest known is ${newest} (upgrade required)`,
    { record: record.name, offset: record.dataOffset },
  );
}

/**
 * Reads every record that is neither the pickle nor tensor data.
 *
 * @param read gives the content of a record, its CRC checked where the level asks for it
 * @throws TorchFileError `MISSING_RECORD`, `BROKEN_METADATA`, `FORMAT_VERSION`
 */
export function readMetadata(archive: Archive, read: (record: ArchiveRecord) => Buffer): Metadata {
  const texts = new Map<string, string>();
  for (const record of archive.records) {
    if (record.name === 'data.pkl' || record.name.startsWith('data/')) continue;
    if (record.size > MAX_METADATA_BYTES) throw broken(record, '…', `at most ${MAX_METADATA_BYTES} bytes`);
    texts.set(record.name, read(record).toString('latin1'));
  }
  const check = (name: string, expected: RegExp, description: string): string | undefined => {
    const text = texts.get(name);
    if (text === undefined || expected.test(text)) return text;
    throw broken(archive.find(name) as ArchiveRecord, text, description);
  };
  check('.storage_alignment', /^[0-9]{1,10}$/, 'a number');
  const byteOrder = check('byteorder', /^(little|big)$/, 'little or big') ?? 'little';
  const layout = check('.format_version', /^[0-9]{1,10}$/, 'a number') ?? LAYOUT_VERSION;
  if (layout !== LAYOUT_VERSION) {
    throw unsupported(archive.find('.format_version') as ArchiveRecord, layout, LAYOUT_VERSION);
  }
  const version = check('version', /^[0-9]{1,10}\n?$/, 'a number');
  if (version === undefined) {
    throw new TorchFileError('MISSING_RECORD', 'record version is missing', { record: 'version' });
  }
  const formatVersion = Number.parseInt(version, 10);
  if (formatVersion > MAX_FORMAT_VERSION) {
    throw unsupported(archive.find('version') as ArchiveRecord, version.trim(), MAX_FORMAT_VERSION);
  }
  return { formatVersion, byteOrder: byteOrder as Metadata['byteOrder'] };
}
