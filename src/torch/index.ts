/**
 * PyTorch `.pt` files (ZIP container, pickle, strided tensors) read, checked and written without Python.
 *
 * ```ts
 * const source = openFileSource(path);          // one descriptor, checked again with assertUnchanged()
 * const file = readTorchFile(source, { level: 'deep' });
 * if (isDict(file.root)) file.root.get('ids');
 * ```
 *
 * @module
 */
export { memorySource, openFileSource, readBytes } from './byte-source.ts';
export type { ByteSource, FileSource } from './byte-source.ts';
export { FileChangedError, TorchFileError } from './errors.ts';
export type { TorchFault, TorchFileCode } from './errors.ts';
export type { Archive, ArchiveRecord } from './zip/archive.ts';
export { readArchive } from './zip/read-archive.ts';
export { readDirectory } from './zip/read-directory.ts';
export { readTorchFile } from './read-torch-file.ts';
export type { ReadTorchFileOptions, TorchFile, TorchReadLevel } from './read-torch-file.ts';
export type {
  FloatRun,
  InertGlobal,
  InertObject,
  NumpyArray,
  NumpyDType,
  NumpyScalar,
  OpaqueObject,
  PyBytes,
  PyComplex,
  PyDict,
  PyFloat,
  PyGlobal,
  PyList,
  PySet,
  PyTuple,
  PyValue,
  TorchStorage,
  TorchTensor,
} from './pickle/values.ts';
export { isDict, isInertObject, isList, isNumpyArray, isTensor, pythonTypeName } from './pickle/values.ts';
export { ELEMENT_SIZE, STORAGE_CLASS } from './tensor/dtype.ts';
export type { DType, TypedDType } from './tensor/dtype.ts';
export { isContiguous, readFloat32Range, readFloatList, readTensor } from './tensor/read-values.ts';
export type { TensorValues } from './tensor/read-values.ts';
export type { ComplexNumber, ElementValue } from './tensor/elements.ts';
export { crc32, crc32Joined } from './crc32.ts';
export { hasNonFinite, leaseScanMemory } from './scan/scan.ts';
export { safetensorsHeader } from './safetensors/header.ts';
export { isSafetensors, readSafetensors } from './safetensors/read-safetensors.ts';
export type { SafetensorsFile, StoredTensor } from './safetensors/read-safetensors.ts';
export { elementReader } from './tensor/elements.ts';
export { writeTorchFile } from './write-torch-file.ts';
export type { FilePatch, WriteTorchFileOptions, WrittenTorchFile } from './write-torch-file.ts';
export { pendingString, pyDict, pyFloat, pyFloats, pyList, pyTensor } from './writable.ts';
export type { Writable, WritableTensor } from './writable.ts';
export type { ByteSink } from './zip/output-buffer.ts';
