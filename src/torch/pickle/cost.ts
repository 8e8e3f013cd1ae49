/** Estimated bytes of JS heap that a value takes, for the budget of a pickle (`Machine.spend`). */
export const COST = {
  slot: 12,
  float: 32,
  tuple: 100,
  list: 140,
  dict: 400,
  set: 140,
  object: 240,
  text: 40,
  contentKey: 1_024,
  buffer: 160,
  memo: 32,
  run: 100,
  segment: 160,
} as const;
