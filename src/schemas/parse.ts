import type * as z from 'zod';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';

/**
 * The checked value, without unknown fields and without `undefined`.
 *
 * @param what names the value in the message, e.g. `input of embedFile`
 * @throws VirnucproError `RunError.InvalidInput` naming every field that is wrong, what was expected and found
 */
export function parse<S extends z.ZodType>(schema: S, value: unknown, what: string): Defined<z.output<S>> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data as Defined<z.output<S>>;
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'value'}: ${issue.message}`);
  throw new VirnucproError(
    FailureType.RunInvalidInput,
    `${what} is not valid: ${issues.join('; ')} (see docs/contract.md)`,
  );
}

/** zod writes optional fields as `T | undefined`; a parsed value never holds an explicit undefined. */
export type Defined<T> = T extends readonly (infer Item)[]
  ? Defined<Item>[]
  : T extends object
    ? { [K in keyof T]: undefined extends T[K] ? Defined<Exclude<T[K], undefined>> : Defined<T[K]> }
    : T;
