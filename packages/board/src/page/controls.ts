/** How curves are drawn: smoothing and axes. */
import { h } from './dom.ts'
import type { Theme, XAxis } from './state.ts'
import { keepSettings, settings } from './state.ts'

/** A row of buttons of which one is chosen. */
function choice<T extends string>(
  label: string,
  options: readonly (readonly [T, string])[],
  chosen: () => T,
  choose: (value: T) => void,
): HTMLElement {
  const group = h('div', { class: 'choice', attrs: { role: 'radiogroup', 'aria-label': label } })
  const buttons = options.map(([value, text]) =>
    h(
      'button',
      {
        attrs: { role: 'radio', 'data-value': value },
        on: {
          click: () => {
            choose(value)
            mark()
          },
        },
      },
      text,
    ),
  )
  const mark = (): void => {
    for (const button of buttons) {
      button.setAttribute('aria-checked', String(button.dataset['value'] === chosen()))
    }
  }
  mark()
  group.append(...buttons)
  return group
}

/** Smoothing, the axes, a filter of tags. @param changed Called after every change. */
export function controls(changed: (filter: string | null) => void): HTMLElement {
  const keep = (): void => {
    keepSettings()
    changed(null)
  }
  const amount = h('output', {}, String(settings.smoothing))
  const slider = h('input', {
    attrs: {
      type: 'range',
      min: '0',
      max: '0.99',
      step: '0.01',
      value: String(settings.smoothing),
      'aria-label': 'Smoothing',
    },
    on: {
      input: () => {
        settings.smoothing = slider.valueAsNumber
        amount.textContent = String(settings.smoothing)
        keep()
      },
    },
  })
  const axes: readonly (readonly [XAxis, string])[] = [
    ['step', 'step'],
    ['relative', 'relative'],
    ['wall', 'wall'],
  ]
  const scales: readonly (readonly ['linear' | 'log', string])[] = [
    ['linear', 'linear'],
    ['log', 'log'],
  ]
  const filter = h('input', {
    attrs: { type: 'search', placeholder: 'Filter tags (regex)', 'aria-label': 'Filter tags' },
    on: { input: () => changed(filter.value) },
  })
  return h(
    'div',
    { class: 'controls' },
    filter,
    h('label', { class: 'labelled curves-only' }, 'Smoothing', slider, amount),
    h(
      'div',
      { class: 'labelled curves-only' },
      'x',
      choice(
        'Horizontal axis',
        axes,
        () => settings.xAxis,
        (axis) => {
          settings.xAxis = axis
          keep()
        },
      ),
    ),
    h(
      'div',
      { class: 'labelled curves-only' },
      'y',
      choice(
        'Vertical axis',
        scales,
        () => (settings.logY ? 'log' : 'linear'),
        (scale) => {
          settings.logY = scale === 'log'
          keep()
        },
      ),
    ),
  )
}

/** Light, dark, or as the system is. @param changed Called after every change. */
export function themeChoice(changed: () => void): HTMLElement {
  const themes: readonly (readonly [Theme, string])[] = [
    ['auto', 'auto'],
    ['light', 'light'],
    ['dark', 'dark'],
  ]
  return choice(
    'Theme',
    themes,
    () => settings.theme,
    (theme) => {
      settings.theme = theme
      keepSettings()
      changed()
    },
  )
}
