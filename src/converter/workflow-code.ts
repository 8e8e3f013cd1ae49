import type { DataConverter } from '@temporalio/common';
import { fileURLToPath } from 'node:url';
import { entryUrl } from '../platform/entry-url.ts';
import { workflowBundlePath } from '../platform/workflow-bundle.ts';

/** What a Worker takes as its `workflowBundle`. */
export type WorkflowCode = { codePath: string } | { code: string };

const made = new Map<string, Promise<WorkflowCode>>();

/**
 * The workflow code for a data converter. Codecs work outside of the sandbox, so the shipped bundle serves; converters of the
 * user's own work inside it and have to be in the bundle, which is then made here, once in a process: it takes seconds.
 *
 * @param shipped path of the bundle where nothing has to be made
 * @param interceptorModules workflow interceptors that `shipped` contains, for one that is made
 */
export function workflowBundleFor(
  dataConverter: DataConverter | undefined,
  shipped: string = workflowBundlePath(),
  interceptorModules: readonly string[] = [],
): Promise<WorkflowCode> {
  const { payloadConverterPath, failureConverterPath } = dataConverter ?? {};
  if (payloadConverterPath === undefined && failureConverterPath === undefined) {
    return Promise.resolve({ codePath: shipped });
  }
  const key = JSON.stringify([payloadConverterPath, failureConverterPath, interceptorModules]);
  const known = made.get(key) ?? bundle({ payloadConverterPath, failureConverterPath }, interceptorModules);
  made.set(key, known);
  return known;
}

async function bundle(
  paths: Record<'payloadConverterPath' | 'failureConverterPath', string | undefined>,
  workflowInterceptorModules: readonly string[],
): Promise<WorkflowCode> {
  // Loaded here: clients do without the worker's native module.
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(entryUrl(import.meta.url, '../workflows/index.js')),
    workflowInterceptorModules: [...workflowInterceptorModules],
    logger: new DefaultLogger('ERROR'),
    ...Object.fromEntries(Object.entries(paths).filter(([, path]) => path !== undefined)),
  });
  return { code };
}
