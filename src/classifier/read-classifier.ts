import { createHash } from 'node:crypto';
import {
  ELEMENT_SIZE,
  elementReader,
  FileChangedError,
  isSafetensors,
  memorySource,
  openFileSource,
  readBytes,
  readSafetensors,
  readTensor,
  readTorchFile,
  TorchFileError,
} from '../torch/index.ts';
import type { ByteSource, FileSource, StoredTensor, TorchFile, TorchTensor } from '../torch/index.ts';
import { corrupted, incompatible, notAFile, notRead } from './errors.ts';
import { modelOf } from './found-tensors.ts';
import type { FoundTensor, FoundTensors } from './found-tensors.ts';
import type { ClassifierModel } from './model.ts';
import { tensorsOf } from './module-tensors.ts';
import type { ClassifierFormat, InspectedClassifier } from './types.ts';

export interface ReadClassifier extends InspectedClassifier {
  readonly model: ClassifierModel;
  /** Element type of the hidden layer's weights in the file; they are float32 in {@link model}. */
  readonly dtype: string;
}

/** Larger than any classifier, also with an optimizer beside it. */
const MAX_BYTES = 512 << 20;

/** A classifier has eight tensors, named in less than a kilobyte; the JSON of 100 MB that the format allows takes 3 GB to parse. */
const MAX_HEADER_BYTES = 1 << 20;

/** What a file begins with that tells the formats apart. */
const HEAD_BYTES = 16;

/**
 * Reads a classifier of any format without executing anything. Blocks: for threads.
 *
 * @throws VirnucproError `RunError.InvalidInput`, `CheckpointError.Corrupted`, `CheckpointError.Incompatible`,
 *   `CheckpointError.Unavailable`
 */
export function readClassifier(path: string): ReadClassifier {
  const bytes = readWhole(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  try {
    const found = isSafetensors(bytes.subarray(0, HEAD_BYTES), bytes.length)
      ? fromSafetensors(memorySource(bytes))
      : fromTorch(path, memorySource(bytes));
    const model = modelOf(path, found);
    const { features, hidden, classes } = model;
    const dtype = found.tensors.values().next().value?.dtype ?? 'float32';
    const notes = found.withoutCrcs ? [withoutCrcsNote(path)] : [];
    return { facts: { path, sha256, format: found.format, features, hidden, classes }, notes, model, dtype };
  } catch (error) {
    throw error instanceof TorchFileError ? refused(path, error) : error;
  }
}

/** All bytes at once, so that what is checked, what is hashed and what is used are the same. */
function readWhole(path: string): Buffer {
  let source: FileSource | undefined;
  try {
    source = openFileSource(path);
    if (!source.isFile) throw notAFile(path, 'not a regular file');
    if (source.size > MAX_BYTES)
      throw incompatible(path, `${source.size} bytes, expected a classifier of some megabytes`);
    const bytes = readBytes(source, 0, source.size);
    source.assertUnchanged();
    return bytes;
  } catch (error) {
    if (error instanceof FileChangedError || (error as NodeJS.ErrnoException).errno !== undefined) {
      throw notRead(path, error);
    }
    throw error;
  } finally {
    source?.close();
  }
}

function refused(path: string, error: TorchFileError): Error {
  const options = { cause: error };
  if (error.fault === 'incompatible') return incompatible(path, error.message, options);
  return corrupted(path, `${error.message}; download or copy the file again`, options);
}

/** torch leaves them out after `torch.serialization.set_crc32_options(False)`. */
function withoutCrcsNote(path: string): string {
  return `${path} has no CRCs: damage to its weights cannot be seen; compare its SHA-256 with that of its source`;
}

interface Found extends FoundTensors {
  readonly format: ClassifierFormat;
  /** The format has CRCs, and the file does not. */
  readonly withoutCrcs: boolean;
}

function fromTorch(path: string, source: ByteSource): Found {
  const file = readTorchFile(source, { level: 'deep', unknownGlobals: 'inert' });
  const { tensors, format, eps } = tensorsOf(path, file.root);
  const withoutCrcs = file.integrity !== 'verified';
  return {
    format,
    withoutCrcs,
    eps,
    tensors: new Map([...tensors].map(([name, tensor]) => [name, torchTensor(file, tensor)])),
  };
}

function torchTensor(file: TorchFile, tensor: TorchTensor): FoundTensor {
  const { dtype, shape } = tensor;
  return { dtype, shape, read: () => Float32Array.from(readTensor(file, tensor) as readonly number[]) };
}

function fromSafetensors(source: ByteSource): Found {
  const { tensors, metadata } = readSafetensors(source, { maxHeaderBytes: MAX_HEADER_BYTES });
  const eps = metadata['eps'] === undefined ? undefined : Number(metadata['eps']);
  const found = tensors.map((tensor): [string, FoundTensor] => [tensor.name, storedTensor(source, tensor)]);
  return { format: 'safetensors', withoutCrcs: false, eps, tensors: new Map(found) };
}

function storedTensor(source: ByteSource, { dtype, shape, offset, byteLength }: StoredTensor): FoundTensor {
  const read = (): Float32Array => {
    const at = elementReader(dtype, readBytes(source, offset, byteLength), true, { conj: false, neg: false });
    const size = ELEMENT_SIZE[dtype];
    return Float32Array.from({ length: byteLength / size }, (_, index) => at(index * size) as number);
  };
  return { dtype, shape, read };
}
