/** Where the template takes what is different from page to page. */
const TITLE = '<!--title-->';
const DATA = '<!--data-->';

/** @param template `page.html` as the build makes it: styles and program are in it */
export function renderPage(template: string, data: { title: string }): string {
  // Functions, since `$&` in a replacement is no plain text.
  return template.replace(TITLE, () => escapeText(data.title)).replace(DATA, () => embeddedJson(data));
}

/** Text between tags. */
function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const UNSAFE = /[<>&\u2028\u2029]/gu;

/** JSON that ends no script element and begins no comment, whatever is in it. */
export function embeddedJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(UNSAFE, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
