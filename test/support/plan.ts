import { fakeFactory } from '../../src/embedders/fake/fake-factory.ts';
import type { EmbedderDescription } from '../../src/embedders/types.ts';
import type { Plan, PlannedTask, TaskState } from '../../src/run/plan.ts';

export interface PlanParts {
  description?: EmbedderDescription;
  /** Of each task. */
  windows?: number;
  /** One task each: `a`, `b`, … */
  states?: readonly TaskState[];
}

/** A plan of whole files `a.fa`, `b.fa`, … with one embedder, the fake one unless another is given. */
export function planOf({ description, windows = 1, states = ['pending'] }: PlanParts = {}): Plan {
  const embedder = description ?? fakeFactory.describe({}, 'nucleotide');
  return {
    header: {
      schema: 1,
      runId: 'f47ac10b-58cc-4372-a567-0e02b2c3d479',
      inputRoot: '/in',
      chunkLength: null,
      sequencesPerFile: 10_000,
      batchSize: null,
      skipCheckpointValidation: false,
      onBadSequence: 'fail',
      embedders: [{ description: embedder, options: {}, taskQueue: `virnucpro-gpu-${embedder.name}` }],
      absent: [],
      notes: [],
    },
    tasks: states.map((state, at) => taskOf(embedder, state, String.fromCharCode(0x61 + at), windows)),
  };
}

function taskOf(embedder: EmbedderDescription, state: TaskState, stem: string, windows: number): PlannedTask {
  return {
    state,
    embedder: embedder.name,
    input: `${stem}.fa`,
    inputSha256: 'a'.repeat(64),
    gzip: false,
    part: { number: 1, first: 0, count: windows, byteOffset: 0, skipWindows: 0, recordsSha256: 'c'.repeat(64) },
    checkpoint: `${stem}${embedder.suffix}`,
  };
}
