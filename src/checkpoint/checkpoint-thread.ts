import { blockingFileSystem } from '../platform/blocking-file-system.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { convertIndexed } from './convert/convert-indexed.ts';
import { inspectCheckpointSync } from './inspect-checkpoint.ts';
import { publishCheckpoint } from './publish/publish-checkpoint.ts';
import { arrayRowSource } from './row-source.ts';
import { indexCheckpoint, packCheckpoint } from './rows/index-checkpoint.ts';
import { unpackIds } from './rows/packed-ids.ts';
import type { CheckpointTasks } from './thread-tasks.ts';
import { packError } from './transferable-error.ts';
import { validateCheckpointSync } from './validate-checkpoint.ts';

export const validate: CheckpointTasks['validate'] = ({ checks, options }) =>
  checks.map(({ path, ...own }) => validateCheckpointSync(path, { ...options, ...own }));

export const inspect: CheckpointTasks['inspect'] = ({ path }) => inspectCheckpointSync(path);

export const index: CheckpointTasks['index'] = ({ path, options }) => {
  try {
    return { packed: packCheckpoint(indexCheckpoint(path, options)) };
  } catch (error) {
    return { error: packError(error) };
  }
};

export const convert: CheckpointTasks['convert'] = async ({ abortPort, packed, ...rest }) => {
  const controller = new AbortController();
  abortPort.once('message', () => controller.abort());
  try {
    const indexed = { ...packed, ids: unpackIds(packed.ids) };
    return { result: await convertIndexed({ indexed, ...rest }, { signal: controller.signal }) };
  } catch (error) {
    return { error: packError(error) };
  } finally {
    abortPort.close();
  }
};

/** Beyond this, an abort has to be noticed on the way, and the digest of a file hides behind its fsync: calls must not block. */
const LARGE_BYTES = 4 << 20;

export const write: CheckpointTasks['write'] = async ({ path, kind, ids, values, dim, abortPort }) => {
  const controller = new AbortController();
  abortPort?.once('message', () => controller.abort());
  const fileSystem = values.byteLength > LARGE_BYTES ? nodeFileSystem : blockingFileSystem;
  try {
    const content = { kind, ids, rows: arrayRowSource(values, dim) };
    return { result: await publishCheckpoint(path, content, { signal: controller.signal, fileSystem }) };
  } catch (error) {
    return { error: packError(error) };
  } finally {
    abortPort?.close();
  }
};
