import type { PredictionPageData } from '../../prediction/page-data.ts';
import { el, section } from '../dom.ts';
import { executionsSection, factGroups, notesSection } from '../lists.ts';
import { contigsSection } from './contigs.ts';
import { embeddingsSection, failuresSection, inputsSection, resultFilesSection } from './lists.ts';
import { scoresSection } from './scores.ts';
import { stagesSection } from './stages.ts';
import { predictionNext, predictionSummary } from './summary.ts';
import { stageTimelineSection } from './timeline.ts';

/** The head of the page of a prediction and its sections, in their order; what has nothing to show is undefined. */
export function predictionParts(data: PredictionPageData): (HTMLElement | undefined)[] {
  return [
    predictionSummary(data),
    predictionNext(data),
    failuresSection(data),
    contigsSection(data),
    scoresSection(data),
    inputsSection(data),
    stageTimelineSection(data),
    stagesSection(data),
    embeddingsSection(data),
    resultFilesSection(data),
    executionsSection(data),
    section('environment', 'Settings and environment', el('div', 'groups', factGroups(data.environment))),
    notesSection(data, 'the contigs of each input and the reports of the embedding runs'),
  ];
}
