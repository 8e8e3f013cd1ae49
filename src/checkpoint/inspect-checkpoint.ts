import type { PyDict, PyValue } from '../torch/index.ts';
import { isDict, isList, isNumpyArray, isTensor, pythonTypeName } from '../torch/index.ts';
import { openAndCheck } from './check-source.ts';
import { runInThread } from './pool.ts';
import type { CheckpointInspection, KeySummary } from './types.ts';
import { entryOf } from './validate-checkpoint.ts';

/**
 * What is inside a checkpoint, in a thread and without reading a tensor: the entry of {@link validateCheckpoint} at level
 * `structure`, and for every key of the dict what it holds.
 *
 * ```ts
 * const { kind, rows, keys } = await inspectCheckpoint('out/a_merged.pt');
 * keys?.data; // { type: 'Tensor', dtype: 'float32', shape: [10000, 3328] }
 * ```
 *
 * @throws the reason of `options.signal` once it is aborted
 */
export function inspectCheckpoint(path: string, options: { signal?: AbortSignal } = {}): Promise<CheckpointInspection> {
  return runInThread('inspect', { path }, options);
}

/** {@link inspectCheckpoint} in the calling thread, which it blocks. */
export function inspectCheckpointSync(path: string): CheckpointInspection {
  const { checked, source, bytes } = openAndCheck(path, {});
  source?.close();
  const entry = entryOf(path, checked, bytes);
  return checked.file && isDict(checked.file.root) ? { ...entry, keys: summarize(checked.file.root) } : entry;
}

function summarize(root: PyDict): Record<string, KeySummary> {
  const entries = [...root.entries()].map(([key, value]) => [nameOf(key), summary(value)] as const);
  // fromEntries defines own properties: a key `__proto__` stays a key.
  return Object.fromEntries(entries);
}

function nameOf(key: PyValue): string {
  return typeof key === 'string' ? key : typeof key === 'object' ? `<${pythonTypeName(key)}>` : String(key);
}

function summary(value: PyValue): KeySummary {
  const type = pythonTypeName(value);
  if (isTensor(value)) return { type, dtype: value.dtype, shape: [...value.shape] };
  if (isNumpyArray(value)) return { type, dtype: value.dtype.descr, shape: [...value.shape] };
  if (isList(value)) return { type, length: value.length };
  if (isDict(value)) return { type, length: value.size };
  if (typeof value === 'string') return { type, length: value.length };
  if (typeof value !== 'object' || value === null) return { type };
  return value.type === 'tuple' || value.type === 'set' ? { type, length: value.items.length } : { type };
}
