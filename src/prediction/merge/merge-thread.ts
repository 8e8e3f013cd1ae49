import type { MessagePort } from 'node:worker_threads';
import { packError } from '../../checkpoint/transferable-error.ts';
import { judgePart, judgeTrusted } from './judge-part.ts';
import { LackingError, writePart, type Watch } from './merge-part.ts';
import type { MergeReply, MergeTasks } from './merge-tasks.ts';

export const judge: MergeTasks['judge'] = ({ part, trustContent, port }) =>
  watched(port, (watch) => (trustContent ? judgeTrusted(part, watch) : judgePart(part, watch)));

export const write: MergeTasks['write'] = ({ part, port }) => watched(port, (watch) => writePart(part, watch));

async function watched<Result>(
  port: MessagePort,
  work: (watch: Watch) => Promise<Result>,
): Promise<MergeReply<Result>> {
  const controller = new AbortController();
  port.once('message', () => controller.abort());
  try {
    return { result: await work({ signal: controller.signal, onRows: (rows) => port.postMessage(rows) }) };
  } catch (error) {
    return error instanceof LackingError ? { lacking: packError(error.why) } : { error: packError(error) };
  } finally {
    port.close();
  }
}
