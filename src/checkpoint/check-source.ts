import type { ByteSource, FileSource, TorchFile } from '../torch/index.ts';
import { FileChangedError, openFileSource, readDirectory, readTorchFile, TorchFileError } from '../torch/index.ts';
import { CheckpointError, corrupted, errnoOf, incompatible, unavailable } from './errors.ts';
import { duplicateIdsWarning } from './ids.ts';
import type { Judgement } from './judge.ts';
import { judge } from './judge.ts';
import { RowScan } from './row-scan.ts';
import type { CheckpointEntry, ValidateOptions } from './types.ts';

/** All that was learned of a checkpoint. `file` is there once the container and the pickle were read. */
export interface CheckedCheckpoint extends Judgement {
  file?: TorchFile;
  integrity?: CheckpointEntry['integrity'];
  warnings?: string[];
}

/** A file that is replaced or lost by its server while it is read is read again, but not for ever. */
const TRIES = 3;
const WORTH_ANOTHER_TRY: ReadonlySet<string> = new Set(['FILE_CHANGED', 'ESTALE']);

/** What was learned of a file; `source` is still open where it could be opened, and is for the caller to close. */
export interface CheckedFile {
  checked: CheckedCheckpoint;
  source?: FileSource;
  /** Size of the file. */
  bytes?: number;
}

/**
 * Opens a file, once for everything that follows, and checks it. Never throws because of the file.
 *
 * @param judgedAs name whose expectation holds, if not that of the path
 */
export function openAndCheck(path: string, options: ValidateOptions, judgedAs = path): CheckedFile {
  for (let attempt = 1; ; attempt++) {
    const file = openAndCheckOnce(path, options, judgedAs);
    const code = file.checked.problem?.code;
    if (code === undefined || !WORTH_ANOTHER_TRY.has(code) || attempt === TRIES) return file;
    file.source?.close();
  }
}

function openAndCheckOnce(path: string, options: ValidateOptions, judgedAs: string): CheckedFile {
  let source: FileSource;
  try {
    source = openFileSource(path);
  } catch (error) {
    return { checked: { problem: asCheckpointError(error, path) } };
  }
  if (!source.isFile) {
    source.close();
    const text = 'not a regular file; folders, FIFOs and devices are not read';
    return { checked: { problem: unavailable(path, 'NOT_A_FILE', text) } };
  }
  try {
    return { checked: checkOpened(source, judgedAs, options), source, bytes: source.size };
  } catch (error) {
    source.close();
    throw error;
  }
}

function checkOpened(source: FileSource, path: string, options: ValidateOptions): CheckedCheckpoint {
  const checked = checkSource(source, path, options);
  try {
    source.assertUnchanged();
  } catch (error) {
    return { problem: asCheckpointError(error, path) };
  }
  return checked;
}

/**
 * Checks an open checkpoint at the level asked for. What is wrong with it is returned as {@link CheckedCheckpoint.problem},
 * with all that was learned before.
 *
 * @throws the abort reason; any other error is a defect
 */
export function checkSource(source: ByteSource, path: string, options: ValidateOptions): CheckedCheckpoint {
  const checked: CheckedCheckpoint = {};
  if (source.size === 0) return { problem: corrupted(path, 'EMPTY', 'file is 0 bytes') };
  try {
    if (options.level === 'header') {
      readDirectory(source);
      checked.integrity = 'header';
    } else {
      readAndJudge(source, path, options, checked);
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    checked.problem = asCheckpointError(error, path);
  }
  return checked;
}

function readAndJudge(source: ByteSource, path: string, options: ValidateOptions, checked: CheckedCheckpoint): void {
  const deep = options.level === 'deep' && !options.trustContent;
  let scan: RowScan | undefined;
  const file = readTorchFile(source, {
    level: options.trustContent ? 'trusted' : deep ? 'deep' : 'structure',
    // Corrupted comes before incompatible: what judge finds wrong is kept until every CRC of the level has been seen.
    onStructure: (opened) => {
      Object.assign(checked, judge(opened, { ...options, path }));
      if (deep && checked.layout && !checked.problem) scan = new RowScan(opened, checked.layout);
    },
    readStorage: (storage) => scan?.whole(source, storage, () => options.signal?.throwIfAborted()),
    onStorageChunk: (storage, chunk, byteOffset) => {
      options.signal?.throwIfAborted();
      scan?.chunk(storage, chunk, byteOffset);
    },
  });
  checked.file = file;
  if (checked.problem) return;
  checked.integrity = file.integrity === 'trusted' ? 'header' : file.integrity;
  scan?.finish(file);
  if (deep) addFindings(scan, path, checked);
}

function addFindings(scan: RowScan | undefined, path: string, checked: CheckedCheckpoint): void {
  const text = scan?.problem(checked.ids);
  if (text !== undefined) {
    checked.problem = incompatible(path, 'NON_FINITE', text);
    return;
  }
  const warnings = [scan?.warning(checked.ids), duplicateIdsWarning(checked.ids?.all() ?? [])];
  const said = warnings.filter((warning) => warning !== undefined);
  if (said.length > 0) checked.warnings = said;
}

/**
 * The class of an error that stopped the reading: only what the bytes themselves say is `corrupted` or `incompatible`.
 * Anything unknown is a defect and passes through.
 */
export function asCheckpointError(error: unknown, path: string): CheckpointError {
  if (error instanceof CheckpointError) return error;
  if (error instanceof TorchFileError) return fromTorchFileError(error, path);
  if (error instanceof FileChangedError) return unavailable(path, error.code, error.message, { cause: error });
  const code = errnoOf(error);
  if (code === undefined) throw error;
  if (code === 'ENOENT') return corrupted(path, 'MISSING', 'file does not exist', { cause: error });
  return unavailable(path, code, (error as Error).message, { cause: error });
}

/** Word for word what users of the reference know and search for; {@link CheckpointEntry.detail} says more. */
const NOT_A_ZIP = 'not a valid ZIP archive';

function fromTorchFileError(error: TorchFileError, path: string): CheckpointError {
  const make = error.fault === 'corrupted' ? corrupted : incompatible;
  const text = error.message.startsWith(NOT_A_ZIP) ? NOT_A_ZIP : error.message;
  return make(path, error.code, text, { cause: error });
}
