import { buildPageData, type PageSources } from './build.ts';
import { MAX_PAGE_BYTES, PAGE_LIMITS, tighter } from './limits.ts';
import { renderPage } from './render.ts';

/** Every limit is 1 by then. */
const MAX_TRIES = 14;

/** A page of at most {@link MAX_PAGE_BYTES}: where names are so long that it is larger, limits are halved. */
export function fitPage(template: string, sources: PageSources): string {
  let limits = PAGE_LIMITS;
  for (let tries = 1; ; tries++) {
    const html = renderPage(template, buildPageData(sources, limits));
    if (Buffer.byteLength(html) <= MAX_PAGE_BYTES || tries === MAX_TRIES) return html;
    limits = tighter(limits);
  }
}
