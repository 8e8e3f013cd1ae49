import { blockingFileSystem } from '../platform/blocking-file-system.ts';
import { inspectCheckpointSync } from './inspect-checkpoint.ts';
import { publishCheckpoint } from './publish/publish-checkpoint.ts';
import { arrayRowSource } from './row-source.ts';
import type { CheckpointTasks } from './thread-tasks.ts';
import { packError } from './transferable-error.ts';
import { validateCheckpointSync } from './validate-checkpoint.ts';

export const validate: CheckpointTasks['validate'] = ({ paths, options }) =>
  paths.map((path) => validateCheckpointSync(path, options));

export const inspect: CheckpointTasks['inspect'] = ({ path }) => inspectCheckpointSync(path);

export const write: CheckpointTasks['write'] = async ({ path, kind, ids, values, dim, abortPort }) => {
  const controller = new AbortController();
  abortPort?.once('message', () => controller.abort());
  try {
    const content = { kind, ids, rows: arrayRowSource(values, dim) };
    return {
      result: await publishCheckpoint(path, content, { signal: controller.signal, fileSystem: blockingFileSystem }),
    };
  } catch (error) {
    return { error: packError(error) };
  } finally {
    abortPort?.close();
  }
};
