import { isGrpcServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { RunOutcome } from '../contract/outcome.ts';
import { describeExecution, isOpen } from './describe.ts';
import { hasStoredHistory, saveHistories } from './histories.ts';

/** What becomes of the history of a run that did not end in success. */
export interface HistoryOptions {
  /** Store it in `DIR/.virnucpro/histories`. @default true */
  saveHistories?: boolean;
  /** Told why a history could not be stored; the outcome is given all the same. @default a warning of the process */
  warn?: (message: string) => void;
}

/** Stores the histories of one run, once; a failure is told and never hides the outcome. */
export class HistoryKeeper {
  readonly #save: () => Promise<unknown>;
  readonly #warn: (message: string) => void;
  #kept: Promise<void> | undefined;

  constructor(client: Client, workflowId: string, directory: string, options: HistoryOptions) {
    const { saveHistories: wanted = true, warn = warnOfProcess } = options;
    this.#save = async () => (wanted ? saveHistories(client, workflowId, directory) : undefined);
    this.#warn = warn;
  }

  keep(): Promise<void> {
    this.#kept ??= this.#save().then(
      () => {},
      (error: unknown) => this.notKept(error),
    );
    return this.#kept;
  }

  notKept(error: unknown): void {
    this.#warn(`the history of the run was not saved: ${(error as Error).message}`);
  }
}

/** temporal.api.enums.v1.WorkflowExecutionStatus */
const COMPLETED = 2;

/**
 * Stores the histories of the last run of this id if it did not end in success and nobody was there to store them: it was
 * detached, or its client died.
 */
export async function keepEarlierHistories(
  client: Client,
  workflowId: string,
  directory: string,
  options: HistoryOptions,
): Promise<void> {
  const keeper = new HistoryKeeper(client, workflowId, directory, options);
  try {
    const description = await describeExecution(client, { workflowId });
    const runId = description.workflowExecutionInfo?.execution?.runId ?? '';
    if (isOpen(description) || (await hasStoredHistory(directory, { workflowId, runId }))) return;
    if (Number(description.workflowExecutionInfo?.status) === COMPLETED) {
      // Of this execution: another client may have begun the next one, which takes hours.
      const outcome = (await client.workflow.getHandle(workflowId, runId).result()) as RunOutcome;
      if (outcome.outcome === 'success') return;
    }
    await keeper.keep();
  } catch (error) {
    // There was no run, or the server says nothing: then it will not start one either.
    if (!(error instanceof WorkflowNotFoundError) && !isGrpcServiceError(error)) keeper.notKept(error);
  }
}

function warnOfProcess(message: string): void {
  process.emitWarning(message, 'VirnucproWarning');
}
