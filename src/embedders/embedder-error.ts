import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';

/** The embedder failed or its process died: a retry may succeed. */
export function embedderError(message: string, options?: ErrorOptions): VirnucproError {
  return new VirnucproError(FailureType.EmbeddingEmbedder, message, options);
}

/** A record that no attempt can embed. */
export function badRecord(message: string): VirnucproError {
  return new VirnucproError(FailureType.EmbeddingInvalidInput, message);
}

/** An option or a name that a person has to change. */
export function badOption(message: string): VirnucproError {
  return new VirnucproError(FailureType.RunInvalidInput, message);
}
