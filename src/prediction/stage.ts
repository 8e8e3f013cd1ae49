import type { PredictionInputFile, PredictionRequest } from './request.ts';

/** What every stage gets: which input of which request it works on, and where. */
export interface StageContext {
  /** DIR, absolute. */
  directory: string;
  request: PredictionRequest;
  input: PredictionInputFile;
  signal: AbortSignal;
  /** Called a few times a second at most. */
  onProgress?(done: number, total?: number): void;
}
