import { setTimeout as sleep } from 'node:timers/promises';
import { findSidecarPython, type NoSidecarPython, type SidecarPython } from '../../platform/sidecar-python.ts';
import { probePython, type ProbedTorch } from '../python/probe.ts';

/** After which a GPU that cannot be used is looked at again: the process of an earlier worker may still be leaving it. */
const SECOND_LOOK_MS = 5000;

/** Ports for the tests. */
export interface GpuSurroundings {
  find(): SidecarPython | NoSidecarPython;
  probe: typeof probePython;
  secondLookMs?: number;
}

/**
 * Why the GPU of this process cannot be computed on. A worker finds that out before it asks for its first task, so that one
 * that is started again and again on a lost device takes no task from the others.
 *
 * @returns undefined if it has computed something just now
 */
export async function whyNoGpu(
  surroundings: GpuSurroundings = { find: findSidecarPython, probe: probePython },
): Promise<string | undefined> {
  if ((await look(surroundings)) === undefined) return undefined;
  await sleep(surroundings.secondLookMs ?? SECOND_LOOK_MS);
  return look(surroundings);
}

async function look({ find, probe }: GpuSurroundings): Promise<string | undefined> {
  const found = find();
  if ('problem' in found) return found.problem;
  try {
    const { torch } = await probe(found.command, {});
    return judge(torch);
  } catch (error) {
    return (error as Error).message;
  }
}

function judge({ version, cuda, cudaError, devices = [], error }: ProbedTorch): string | undefined {
  if (error !== undefined) return `torch cannot be imported: ${error}`;
  const [device] = devices;
  if (device !== undefined) return device.error && `${device.name ?? 'the GPU'} cannot compute: ${device.error}`;
  if (cuda == null) {
    return `torch ${version} is built without CUDA: virnucpro setup-models, with an index of CUDA builds (--index-url)`;
  }
  return `CUDA shows no device: ${cudaError ?? 'see nvidia-smi'}`;
}
