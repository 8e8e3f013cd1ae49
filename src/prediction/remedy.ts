/** What can be done about a file that is not what belongs there. */
export const REMEDY = 'put it back from a copy, move it away, or start with --on-bad-checkpoint recompute';
