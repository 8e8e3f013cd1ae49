/** How payloads are encoded: loaded from a module of the user's, and asked wherever something looks into a payload. */
export { decodePayload, decodeFailureMessage } from './decode.ts';
export { loadDataConverter } from './load-data-converter.ts';
export { decoding } from './decoding.ts';
export { workflowBundleFor, type WorkflowCode } from './workflow-code.ts';
