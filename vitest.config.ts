import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const tier = (name: string, options: Record<string, unknown> = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], expect: { poll: { timeout: 30_000 } }, ...options },
});

/** Tests that compute. */
const COMPUTING = { maxWorkers: '100%' };
/** Tests that mostly wait, for processes and for servers: more at a time than there are processors. */
const WAITING = { maxWorkers: 3 };
/** Tests that measure: nothing else beside them. */
const ALONE = { fileParallelism: false };

/** Files that take minutes: they begin first, so that none of them is left to run alone at the end. */
const LONG = [
  'models/pytest',
  'models/faults',
  'models/values',
  'unit/durability/mutants',
  'unit/torch/hostile-costs',
  'integration/kills',
  'e2e/kill',
  'e2e/embed',
  'e2e/predict-local',
  'e2e/predict',
  'integration/scale',
  'integration/run',
  'integration/zombies',
  'integration/servers',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return at < 0 ? LONG.length : at;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- the sequencer's method, not an array's
    const bySize = await super.sort(files);
    return bySize.toSorted((a, b) => rank(a) - rank(b));
  }
}

// One project a tier: `scripts/test.mjs` decides which of them can run on this machine and says which cannot.
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      tier('unit', { testTimeout: 300_000, hookTimeout: 120_000, ...COMPUTING }),
      tier('package', { testTimeout: 600_000, hookTimeout: 600_000, ...COMPUTING }),
      tier('replay', { testTimeout: 120_000, hookTimeout: 120_000, ...COMPUTING }),
      tier('interop', { testTimeout: 300_000, hookTimeout: 300_000, ...COMPUTING }),
      tier('models', { testTimeout: 600_000, hookTimeout: 600_000, ...COMPUTING }),
      tier('integration', { testTimeout: 180_000, hookTimeout: 180_000, ...WAITING }),
      tier('e2e', { testTimeout: 300_000, hookTimeout: 300_000, ...WAITING }),
      tier('pipelines', {
        testTimeout: 300_000,
        hookTimeout: 300_000,
        globalSetup: 'test/pipelines/setup.ts',
        ...WAITING,
      }),
      tier('load', { testTimeout: 300_000, hookTimeout: 300_000, ...ALONE }),
      // Not part of `npm test`: npm run test:production.
      tier('production', { testTimeout: 600_000, hookTimeout: 600_000, ...ALONE }),
    ],
  },
});
