type Properties<Name extends keyof HTMLElementTagNameMap> = Partial<
  Omit<HTMLElementTagNameMap[Name], "role" | "style">
> & { role?: string };

/** Makes an element; texts go in as text, never as HTML: class and file names are other people's. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Properties<Name>,
  ...children: (string | Node)[]
): HTMLElementTagNameMap[Name] {
  const { role, ...others } = properties;
  const made = document.createElement(name);
  Object.assign(made, others);
  if (role) made.setAttribute("role", role);
  made.append(...children);
  return made;
}

/** An element of the page. @throws Error where the page has no such element */
export function byId<Type extends HTMLElement = HTMLElement>(id: string): Type {
  const found = document.getElementById(id);
  if (!found) throw new Error(`#${id} is missing`);
  return found as Type;
}

/** A square in a colour. */
export function swatch(colour: string): HTMLElement {
  const made = element("span", { className: "swatch" });
  // A rule in a style sheet could not know it; the policy of the page forbids style attributes, not this.
  made.style.background = colour;
  return made;
}
