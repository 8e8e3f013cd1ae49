/**
 * Most that a worker takes to end: rows at hand are made durable, tasks handed back, embedders stopped; what has not ended
 * then is cut off. Whatever kills a worker that does not end has to wait for longer.
 */
export const SHUTDOWN_FORCE_MS = 20_000;
