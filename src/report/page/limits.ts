/** What a page holds at most; what is beyond is cut, and the page says so. */
export interface PageLimits {
  /** Checkpoints that are listed: failed ones first. */
  checkpoints: number;
  /** Input files with a bar. */
  files: number;
  failures: number;
  /** Bars of the timeline: beyond, neighbours of one lane are drawn as one. */
  bars: number;
  lanes: number;
  /** Attempts that are listed because they did not succeed. */
  troubled: number;
  /** Points in time of the throughput. */
  bins: number;
  /** Points of all scatters together. */
  points: number;
  executions: number;
  workers: number;
  /** Characters of a name or id. */
  name: number;
  /** Characters of a reason. */
  reason: number;
}

export const PAGE_LIMITS: PageLimits = {
  checkpoints: 2500,
  files: 1000,
  failures: 500,
  bars: 4000,
  lanes: 128,
  troubled: 500,
  bins: 120,
  points: 6000,
  executions: 50,
  workers: 100,
  name: 120,
  reason: 400,
};

/** The page itself: whatever the run, it can be sent by mail and opened at once. */
export const MAX_PAGE_BYTES = 2_000_000;

/** Limits for another try where names are so long that the page is still too large. */
export function tighter<Limits extends object>(limits: Limits): Limits {
  return Object.fromEntries(
    Object.entries(limits).map(([name, limit]) => [name, Math.max(1, Number(limit) >> 1)]),
  ) as Limits;
}
