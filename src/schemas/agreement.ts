// How a schema and a type of the contract are held against each other by the compiler.

/** zod writes optional fields as `T | undefined`. */
export type Loose<T> = T extends object
  ? { [K in keyof T]: undefined extends T[K] ? Loose<T[K]> | undefined : Loose<T[K]> }
  : T;

/** Fails to compile when one of them is false. */
export type AllTrue<T extends readonly true[]> = T;
