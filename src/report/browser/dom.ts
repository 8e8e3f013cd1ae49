/** What an element can hold; text never becomes markup. */
export type Content = Node | string | undefined | readonly Content[];

/** An element with a class and content. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className = '',
  ...content: Content[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  append(element, content);
  return element;
}

function append(parent: Node, content: readonly Content[]): void {
  for (const one of content) {
    if (one === undefined) continue;
    if (typeof one === 'string') parent.appendChild(document.createTextNode(one));
    else if (one instanceof Node) parent.appendChild(one);
    else append(parent, one);
  }
}

/** A name of the user's own: kept apart from what stands around it, whichever direction it reads. */
export function nameOf(text: string, className = ''): HTMLElement {
  const name = el('bdi', `name ${className}`.trim(), text);
  name.title = text;
  return name;
}

/** A part of the page with a heading that the contents list links to. */
export function section(id: string, title: string, ...content: Content[]): HTMLElement {
  const heading = el('h2', '', title);
  const part = el('section', 'card', heading, ...content);
  part.id = id;
  heading.id = `${id}-heading`;
  part.setAttribute('aria-labelledby', heading.id);
  return part;
}

export function note(text: string): HTMLElement {
  return el('p', 'note', text);
}

/** Pairs of name and value. */
export function factList(facts: readonly (readonly [string, Content])[]): HTMLElement {
  return el(
    'dl',
    'facts',
    facts.map(([name, value]) => el('div', '', el('dt', '', name), el('dd', '', value))),
  );
}
