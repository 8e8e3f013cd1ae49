import { checkSource } from '../../src/checkpoint/check-source.ts';
import type { CheckedCheckpoint } from '../../src/checkpoint/check-source.ts';
import type { ValidationLevel } from '../../src/checkpoint/types.ts';
import { memorySource, readTorchFile } from '../../src/torch/index.ts';
import type { TorchFile } from '../../src/torch/index.ts';

/** What is fuzzed: the two readers that everything else in the package goes through. */
export interface Subject {
  read(bytes: Uint8Array, level: 'structure' | 'deep'): TorchFile;
  check(bytes: Uint8Array, level: ValidationLevel): CheckedCheckpoint;
}

export const packageUnderTest: Subject = {
  read: (bytes, level) => readTorchFile(memorySource(bytes), { level }),
  check: (bytes, level) => checkSource(memorySource(bytes), 'fuzz.pt', { level }),
};
