import type { PageStage } from '../../prediction/page-data.ts';
import type { Theme } from '../theme.ts';

/** Which colour of the theme a stage has, the same wherever it is shown; style.css has them for the legend. */
export const STAGE_SERIES: Readonly<Record<PageStage, number>> = {
  chunking: 5,
  translating: 6,
  splitting: 9,
  'nucleotide embedding': 0,
  'protein embedding': 1,
  merging: 2,
  classifying: 3,
  consensus: 4,
};

export function stageColour(stage: PageStage, theme: Theme): string {
  return theme.series[STAGE_SERIES[stage]] ?? theme.other;
}
