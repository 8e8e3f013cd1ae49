import type * as z from 'zod';

// How a schema and a type of the contract are held against each other by the compiler.

/** zod writes optional fields as `T | undefined`. */
export type Loose<T> = T extends object
  ? { [K in keyof T]: undefined extends T[K] ? Loose<T[K]> | undefined : Loose<T[K]> }
  : T;

/** Fails to compile when one of them is false. */
export type AllTrue<T extends readonly true[]> = T;

/** What the schema lets through is what the type says. */
export type Accepts<Contract, Schema extends z.ZodType> = z.output<Schema> extends Loose<Contract> ? true : false;

/** The same fields, with the same types, neither more nor less. */
export type Matches<Contract, Schema extends z.ZodType> = [Loose<Contract>] extends [z.output<Schema>]
  ? [z.output<Schema>] extends [Loose<Contract>]
    ? [keyof z.output<Schema>] extends [keyof Contract]
      ? true
      : false
    : false
  : false;
