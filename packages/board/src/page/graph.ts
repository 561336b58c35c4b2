/** The tab of the model: its modules as a tree, with shapes and parameters. */
import type { GraphItem } from '../protocol.ts'
import { empty, h } from './dom.ts'
import { formatCount, formatShape } from './format.ts'
import { ask } from './store.ts'
import type { Scene, View } from './view.ts'

/** The tab of the graph. */
export class GraphView implements View {
  readonly element: HTMLElement = h('div', { class: 'graph' })
  /** Run and version of what is drawn. */
  #drawn = ''
  #chosen = ''
  #scene: Scene | null = null

  update(scene: Scene): void {
    this.#scene = scene
    const runs = scene.shown.filter(({ run }) => run.hasGraph).map(({ run }) => run)
    const run = runs.find(({ name }) => name === this.#chosen) ?? runs[0]
    if (run === undefined) {
      this.#drawn = ''
      const code = 'writer.addGraph(model, [1, 3, 224, 224])'
      this.element.replaceChildren(empty('No graph yet.', code))
      return
    }
    const key = JSON.stringify([run.name, run.generation, runs.map(({ name }) => name)])
    if (key === this.#drawn) return
    this.#drawn = key
    const names = runs.map(({ name }) => name)
    void ask<GraphItem[]>('/api/graph', { run: run.name }).then((items) =>
      this.#draw(items, run.name, names),
    )
  }

  #draw(items: readonly GraphItem[], run: string, names: readonly string[]): void {
    const choice = h(
      'select',
      {
        attrs: { 'aria-label': 'run' },
        on: {
          change: (event) => {
            this.#chosen = (event.target as HTMLSelectElement).value
            if (this.#scene !== null) this.update(this.#scene)
          },
        },
      },
      ...names.map((name) => {
        const attrs: Record<string, string> =
          name === run ? { value: name, selected: '' } : { value: name }
        return h('option', { attrs }, name)
      }),
    )
    const total = items.reduce((sum, item) => sum + item.parameters, 0)
    const open = (isOpen: boolean) => () => {
      for (const one of this.element.querySelectorAll('details')) one.open = isOpen
    }
    this.element.replaceChildren(
      h(
        'div',
        { class: 'card' },
        h(
          'header',
          {},
          names.length > 1 ? choice : h('h3', {}, run),
          h('span', { class: 'muted' }, `${formatCount(total)} parameters`),
          h('span', { class: 'space' }),
          h('button', { class: 'small', on: { click: open(true) } }, 'open all'),
          h('button', { class: 'small', on: { click: open(false) } }, 'close all'),
        ),
        h(
          'div',
          { class: 'tree' },
          h(
            'div',
            { class: 'row head' },
            h('span', {}, 'module'),
            h('span', {}, 'output'),
            h('span', { class: 'number' }, 'parameters'),
            h('span', {}),
          ),
          ...items.map((item) => itemElement(item, 0, total)),
        ),
      ),
    )
  }
}

function itemElement(item: GraphItem, depth: number, total: number): HTMLElement {
  const { name, type, kind, shape, parameters, inputs, children } = item
  const label = h(
    'span',
    { class: `name ${kind}`, title: inputs.length > 0 ? `from ${inputs.join(', ')}` : '' },
    name,
    type === name ? null : h('em', {}, type),
  )
  label.style.paddingLeft = `${depth * 20 + (children.length > 0 ? 0 : 16)}px`
  const share = h('span', { class: 'share' })
  share.style.setProperty('--share', `${total > 0 ? (100 * parameters) / total : 0}%`)
  const cells = [
    label,
    h('span', { class: 'shape' }, formatShape(shape)),
    h('span', { class: 'number' }, parameters > 0 ? formatCount(parameters) : ''),
    kind === 'operation' ? h('span', {}) : share,
  ]
  if (children.length === 0) return h('div', { class: 'row' }, ...cells)
  const holdsModules = children.some((child) => child.kind === 'module')
  const details = h(
    'details',
    {},
    h('summary', { class: 'row' }, ...cells),
    ...children.map((child) => itemElement(child, depth + 1, total)),
  )
  details.open = holdsModules && depth < 3
  return details
}
