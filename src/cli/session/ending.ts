/** What is known of a command that ends. */
export interface Ending {
  workflowId: string | null;
  startedAt: number;
}

/** With one decimal. */
export function secondsSince(start: number): number {
  return Math.round((Date.now() - start) / 100) / 10;
}
