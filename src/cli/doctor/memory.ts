import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { Finding } from './finding.ts';

/** Live data of a worker are 100 MB, more with a large plan; much less room than this goes into collecting garbage. */
const NEEDED_HEAP_BYTES = 512e6;
/** Node, its threads and the buffers of 32 checkpoints in the making. */
const NEEDED_MEMORY_BYTES = 1e9;

/** Memory of this process, as far as Node knows. */
export interface MemoryLimits {
  /** Most that its heap may take. */
  heapBytes: number;
  /** Of the machine or, where it is less, of its control group. */
  memoryBytes: number;
}

export function memoryLimits(): MemoryLimits {
  const { heap_size_limit: heapBytes } = getHeapStatistics();
  // 0 or a number beyond all memory: no limit
  const constrained = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return { heapBytes, memoryBytes: Math.min(totalmem(), constrained) };
}

export function judgeMemory({ heapBytes, memoryBytes }: MemoryLimits): Finding {
  const check = 'heap';
  const message = `heap of up to ${gigabytes(heapBytes)}, ${gigabytes(memoryBytes)} of memory`;
  if (memoryBytes < NEEDED_MEMORY_BYTES) {
    const todo =
      'give the container or the job 2 GB or more: a worker that runs out of memory is killed and begins again';
    return { check, status: 'warning', message: `${message}: little for a worker`, todo };
  }
  if (heapBytes < NEEDED_HEAP_BYTES) {
    const todo = 'NODE_OPTIONS=--max-old-space-size=2048, or leave that option out';
    return { check, status: 'warning', message: `${message}: little for a run of many files`, todo };
  }
  if (heapBytes > memoryBytes) {
    const todo = 'lower --max-old-space-size in NODE_OPTIONS, or leave it out: Node then goes by the memory there is';
    return { check, status: 'warning', message: `${message}: the process is killed before its heap is full`, todo };
  }
  return { check, status: 'ok', message };
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
