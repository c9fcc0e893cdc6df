type Child = Node | string | null;

type Properties = {
  readonly class?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly onClick?: () => void;
  readonly onChange?: (value: string) => void;
};

/** Controls and bidirectional marks, which model or server text may contain. */
const UNPRINTABLE = /[\p{Cc}\u200E\u200F\u061C\u202A-\u202E\u2066-\u2069]/gu;

/** Untrusted text, made safe to show. */
export function plain(text: string): string {
  return text.replaceAll(UNPRINTABLE, ' ');
}

/** Creates an element. Strings become text nodes, never markup. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Properties = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  if (properties.class !== undefined) element.className = properties.class;
  for (const [attribute, value] of Object.entries(properties.attributes ?? {}))
    element.setAttribute(attribute, value);
  const { onClick, onChange } = properties;
  if (onClick !== undefined) element.addEventListener('click', onClick);
  if (onChange !== undefined)
    element.addEventListener('change', () => {
      onChange((element as unknown as HTMLSelectElement).value);
    });
  for (const child of children) if (child !== null) element.append(child);
  return element;
}
