/** What a folder of `src` may import, besides itself. */
interface ImportRule {
  /** other folders of `src` */
  readonly folders: readonly string[];
  /** packages; `node:` stands for all of Node's modules */
  readonly packages: readonly string[];
}

const CONTRACT: ImportRule = { folders: [], packages: ['@temporalio/common'] };

/**
 * The import directions of DESIGN.md: `torch ← checkpoint ← activities ← worker`; `workflows` sees the contract and
 * Temporal's workflow API only. `src` itself (`.`) is the root entry point, safe on any side.
 */
export const IMPORT_RULES: Readonly<Record<string, ImportRule>> = {
  '.': { folders: ['contract'], packages: [] },
  contract: CONTRACT,
  workflows: { folders: ['contract'], packages: ['@temporalio/workflow'] },
  platform: { folders: [], packages: ['node:'] },
  converter: {
    folders: ['contract', 'platform'],
    packages: ['node:', '@temporalio/common', '@temporalio/worker'],
  },
  torch: { folders: [], packages: ['node:'] },
  schemas: { folders: ['contract'], packages: ['zod'] },
  sequences: { folders: ['contract', 'platform'], packages: ['node:'] },
  spool: { folders: ['contract', 'platform'], packages: ['node:'] },
  server: { folders: ['platform'], packages: ['node:', '@temporalio/client'] },
  checkpoint: { folders: ['contract', 'platform', 'torch'], packages: ['node:', 'piscina'] },
  embedders: { folders: ['contract', 'platform', 'sequences'], packages: ['node:'] },
  run: {
    folders: ['checkpoint', 'contract', 'embedders', 'platform', 'sequences', 'spool'],
    packages: ['node:', 'zod'],
  },
  classifier: { folders: ['contract', 'platform', 'torch'], packages: ['node:', 'piscina'] },
  prediction: {
    folders: ['checkpoint', 'classifier', 'contract', 'embedders', 'platform', 'run', 'sequences'],
    packages: ['node:', 'piscina', 'zod'],
  },
  report: {
    folders: ['checkpoint', 'contract', 'platform', 'prediction', 'run'],
    packages: ['node:', 'piscina', 'ml-pca', 'echarts'],
  },
  observe: {
    folders: ['contract', 'platform'],
    packages: [
      ...['node:', 'pino', 'pino-pretty', '@temporalio/client', '@temporalio/common', '@temporalio/worker'],
      ...['@opentelemetry/api', '@opentelemetry/exporter-trace-otlp-http', '@opentelemetry/resources'],
      ...['@opentelemetry/sdk-trace-base', '@temporalio/interceptors-opentelemetry'],
    ],
  },
  activities: {
    // prettier-ignore
    folders: ['checkpoint', 'classifier', 'contract', 'embedders', 'platform', 'prediction', 'report', 'run', 'schemas', 'sequences', 'spool'],
    packages: ['node:', 'piscina', 'zod', '@temporalio/activity', '@temporalio/common'],
  },
  worker: {
    folders: ['activities', 'contract', 'converter', 'embedders', 'observe', 'platform'],
    packages: ['node:', '@temporalio/worker', '@temporalio/common', '@temporalio/envconfig'],
  },
  client: {
    folders: ['classifier', 'contract', 'converter', 'embedders', 'platform', 'prediction', 'run', 'schemas'],
    packages: ['node:', '@temporalio/client', '@temporalio/common', '@temporalio/envconfig', '@temporalio/worker'],
  },
  cli: {
    // prettier-ignore
    folders: ['checkpoint', 'classifier', 'client', 'contract', 'converter', 'embedders', 'observe', 'platform', 'prediction', 'report', 'run', 'schemas', 'sequences', 'server', 'spool', 'worker'],
    // prettier-ignore
    packages: ['node:', 'cli-progress', 'commander', 'pino', '@temporalio/client', '@temporalio/common', '@temporalio/envconfig', '@temporalio/worker'],
  },
};

/** Folders below whose imports must be types: what is a value there would load code on the wrong side. */
export const TYPES_ONLY: Readonly<Record<string, readonly string[]>> = {
  contract: CONTRACT.packages,
};

/** The folders that `folder` must not import, for the lint rule of the same content. */
export function forbiddenFolders(folder: string): string[] {
  const allowed = new Set([folder, '.', ...(IMPORT_RULES[folder]?.folders ?? [])]);
  return Object.keys(IMPORT_RULES)
    .filter((other) => !allowed.has(other))
    .toSorted();
}
