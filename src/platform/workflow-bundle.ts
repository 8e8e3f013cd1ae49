import { fileURLToPath } from 'node:url';
import { entryUrl } from './entry-url.ts';

/** Path of the workflow bundle. It is built ahead: bundling at the start of every worker would take seconds. */
export function workflowBundlePath(): string {
  return fileURLToPath(entryUrl(import.meta.url, '../workflow-bundle.js'));
}

/** The same workflows with interceptors that make traces: those of a worker are not used where its bundle is built ahead. */
export function tracedWorkflowBundlePath(): string {
  return fileURLToPath(entryUrl(import.meta.url, '../workflow-bundle-traced.js'));
}
