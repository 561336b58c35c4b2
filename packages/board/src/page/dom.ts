/** Elements in few words. */

type Child = Node | string | null

interface Props {
  readonly class?: string
  readonly title?: string
  readonly attrs?: Readonly<Record<string, string>>
  readonly on?: Readonly<Record<string, (event: Event) => void>>
}

/** An element with properties and children; null children are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { class: className, title, attrs = {}, on = {} }: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  if (className !== undefined) element.className = className
  if (title !== undefined) element.title = title
  for (const [name, value] of Object.entries(attrs)) element.setAttribute(name, value)
  for (const [name, listen] of Object.entries(on)) element.addEventListener(name, listen)
  element.append(...children.filter((child) => child !== null))
  return element
}

/** An element of a drawing. */
export function drawn(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
): SVGElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value))
  return made
}

const probe = h('i', { attrs: { hidden: '' } })

/** A colour of the page by its name in the style sheet, as a canvas takes it. */
export function themeColor(name: string): string {
  if (!probe.isConnected) document.body.append(probe)
  probe.style.color = `var(--${name})`
  return getComputedStyle(probe).color
}

/** A message in place of what there is nothing of. */
export function empty(text: string, code = ''): HTMLElement {
  return h('div', { class: 'empty' }, h('p', {}, text), code === '' ? null : h('pre', {}, code))
}
