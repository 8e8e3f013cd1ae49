import { defineConfig } from 'vitest/config';

const tier = (name: string, options: Record<string, unknown> = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], ...options },
});

/** Tests that compute. */
const COMPUTING = { maxWorkers: '100%' };
/** Tests that mostly wait, for processes and for servers: more at a time than there are processors. */
const WAITING = { maxWorkers: 3 };
/** Tests that measure: nothing else beside them. */
const ALONE = { fileParallelism: false };

// One project a tier: `scripts/test.mjs` decides which of them can run on this machine and says which cannot.
export default defineConfig({
  test: {
    projects: [
      tier('unit', { testTimeout: 60_000, ...COMPUTING }),
      tier('package', { testTimeout: 600_000, hookTimeout: 600_000, ...COMPUTING }),
      tier('replay', { testTimeout: 120_000, hookTimeout: 120_000, ...COMPUTING }),
      tier('interop', { testTimeout: 300_000, hookTimeout: 300_000, ...COMPUTING }),
      tier('models', { testTimeout: 600_000, hookTimeout: 600_000, ...COMPUTING }),
      tier('integration', { testTimeout: 180_000, hookTimeout: 180_000, ...WAITING }),
      tier('e2e', { testTimeout: 300_000, hookTimeout: 300_000, ...WAITING }),
      tier('load', { testTimeout: 300_000, hookTimeout: 300_000, ...ALONE }),
      // Not part of `npm test`: npm run test:production.
      tier('production', { testTimeout: 600_000, hookTimeout: 600_000, ...ALONE }),
    ],
  },
});
