import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';

/** The embedder failed or its process died: a retry may succeed. */
export function embedderError(message: string, options?: ErrorOptions): VirnucproError {
  return new VirnucproError(FailureType.EmbeddingEmbedder, message, options);
}

/**
 * The process of an embedder died. Requests of other tasks die with it, so this says less of a batch than an answer does.
 */
export class EmbedderDiedError extends VirnucproError {
  constructor(message: string) {
    super(FailureType.EmbeddingEmbedder, message);
  }
}

/** The process of an embedder says why it cannot work here: until someone changes that, it will say so again. */
export class StartRefusedError extends VirnucproError {}

/** An option or a name that a person has to change. */
export function badOption(message: string): VirnucproError {
  return new VirnucproError(FailureType.RunInvalidInput, message);
}
