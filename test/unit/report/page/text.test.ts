import { describe, expect, it } from 'vitest';
import { embeddedJson, renderPage } from '../../../../src/report/page/render.ts';
import { shown, Strings } from '../../../../src/report/page/text.ts';
import { buildPageData } from '../../../../src/report/page/build.ts';
import { PAGE_LIMITS } from '../../../../src/report/page/limits.ts';
import { syntheticSources } from '../../../support/report-sources.ts';

describe('shown', () => {
  it.each([
    ['plain.fa', 'plain.fa'],
    ['a\u202egnp.fa', 'a\\u{202e}gnp.fa'],
    ['line\nbreak\u0000', 'line\\u{a}break\\u{0}'],
    ['zero\u200bwidth\ufeff', 'zero\\u{200b}width\\u{feff}'],
    ['日本語 é', '日本語 é'],
    ['half \ud800 pair', 'half \ufffd pair'],
  ])('%j → %j', (text, expected) => {
    expect(shown(text, 100)).toBe(expected);
  });

  it('a long name → its beginning and its end', () => {
    expect(shown('abcdefghij', 6)).toBe('abc…hij');
  });
});

describe('Strings', () => {
  it('the same text twice → one number; nothing → −1', () => {
    const strings = new Strings();
    expect([strings.add('a', 9), strings.add('b', 9), strings.add('a', 9), strings.add(undefined, 9)]).toEqual([
      0, 1, 0, -1,
    ]);
    expect(strings.list).toEqual(['a', 'b']);
  });
});

describe('renderPage', () => {
  const HOSTILE = ['</script><script>alert(1)</script>', '<!--', ']]>', '"\'`', '$& $1 $`', '\u2028', '&lt;'];

  it.each(HOSTILE)('%j in the data → the same text when it is read, and no markup', (text) => {
    const json = embeddedJson({ text });
    expect(json).not.toMatch(/[<>&\u2028]/u);
    expect(JSON.parse(json)).toEqual({ text });
  });

  it('hostile title → text, never an element', () => {
    const data = buildPageData(syntheticSources({ files: 1 }), PAGE_LIMITS);
    const html = renderPage('<title><!--title--></title><i><!--data--></i>', { ...data, title: '</title><b>$&' });
    expect(html).toContain('<title>&lt;/title&gt;&lt;b&gt;$&amp;</title>');
  });
});
