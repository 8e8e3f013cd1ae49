/** What the page of a prediction holds at most; what is beyond is cut, and the page says so. */
export interface PredictionLimits {
  /** Contigs that are listed: viral ones first, those with the highest scores first. */
  contigs: number;
  /** Inputs that are listed and drawn: those that are not complete first. */
  inputs: number;
  /** Inputs with three lanes; where there are more, each has one. */
  wide: number;
  lanes: number;
  failures: number;
  files: number;
  executions: number;
  workers: number;
  /** Characters of a name or id. */
  name: number;
  /** Characters of a reason. */
  reason: number;
}

export const PREDICTION_LIMITS: PredictionLimits = {
  contigs: 5000,
  inputs: 1000,
  wide: 12,
  lanes: 100,
  failures: 500,
  files: 1000,
  executions: 50,
  workers: 100,
  name: 120,
  reason: 400,
};
