import type { DataConverterFlag } from '../data-converter.ts';
import type { OtelFlag } from '../otel.ts';

/** Options of a command that starts a workflow and watches it, as commander hands them over. */
export interface SessionFlags extends DataConverterFlag, OtelFlag {
  detach?: boolean;
  withWorkers?: boolean;
  waitForWorkers?: number;
  json?: boolean;
  progress: boolean;
}
