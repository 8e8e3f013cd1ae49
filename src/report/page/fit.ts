import { buildPageData, type PageSources } from './build.ts';
import { MAX_PAGE_BYTES, PAGE_LIMITS, tighter } from './limits.ts';
import { renderPage } from './render.ts';

/** Every limit is 1 by then. */
const MAX_TRIES = 14;

/** The page of an embedding run, as {@link fitWithin}. */
export function fitPage(template: string, sources: PageSources): string {
  return fitWithin(template, PAGE_LIMITS, (limits) => buildPageData(sources, limits));
}

/**
 * A page of at most {@link MAX_PAGE_BYTES}: where names are so long that it is larger, limits are halved.
 *
 * @param build makes what the page shows, within limits
 */
export function fitWithin<Limits extends object>(
  template: string,
  widest: Limits,
  build: (limits: Limits) => { title: string },
): string {
  let limits = widest;
  for (let tries = 1; ; tries++) {
    const html = renderPage(template, build(limits));
    if (Buffer.byteLength(html) <= MAX_PAGE_BYTES || tries === MAX_TRIES) return html;
    limits = tighter(limits);
  }
}
