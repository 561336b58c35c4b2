/** Charts of several curves, laid out by the user. */
import { ValueError } from '@flambeau/core'
import { requireList, requireOptions, requireText, show } from '@flambeau/core/internal'
import type { LayoutProto, SummaryValue } from './messages.ts'
import { DT, LayoutProto as Layout } from './messages.ts'

/** A chart: several curves, or a curve with a band from a lower to an upper one. */
export type CustomChart = readonly [type: 'Multiline' | 'Margin', tags: readonly string[]]

/** Charts by their titles, by the categories that they are in. */
export type CustomLayout = Readonly<Record<string, Readonly<Record<string, CustomChart>>>>

/** A chart that was laid out. */
export interface CustomScalarChart {
  readonly category: string
  readonly title: string
  readonly type: 'Multiline' | 'Margin'
  /** Of the curves; of a margin the value, its lower and its upper bound. */
  readonly tags: readonly string[]
}

/**
 * A layout as the plug-in `custom_scalars` reads it.
 *
 * @throws {ValueError} for another type of chart, no tags, or a margin of other than three.
 */
export function layoutValue(op: string, layout: CustomLayout): SummaryValue {
  requireOptions(op, layout)
  const category = Object.entries(layout).map(([title, charts]) => ({
    title,
    chart: Object.entries(chartsIn(op, title, charts)).map(([name, chart]) => {
      requireList(op, name, chart, 'a type and tags')
      return chartOf(op, name, ...chart)
    }),
  }))
  const tensor = {
    dtype: DT.string,
    tensorShape: {},
    stringVal: [Layout.encode({ version: 0, category })],
  }
  const metadata = { pluginData: { pluginName: 'custom_scalars' } }
  return { tag: 'custom_scalars__config__', tensor, metadata }
}

/** @throws {ValueError} unless a category is an object. */
function chartsIn<T extends object>(op: string, title: string, charts: T): T {
  if (typeof charts === 'object' && charts !== null) return charts
  const rule = `the category ${show(title)} must be an object of charts, not ${show(charts)}`
  throw new ValueError(op, [], rule, "{ category: { title: ['Multiline', ['loss']] } }")
}

type Chart = NonNullable<NonNullable<LayoutProto['category']>[number]['chart']>[number]

function chartOf(op: string, title: string, type: string, tags: readonly string[]): Chart {
  const fail = (rule: string, fix: string): ValueError =>
    new ValueError(op, [], `the chart '${title}' ${rule}`, fix)
  requireList(op, title, tags, 'a list of tags')
  for (const tag of tags) requireText(op, title, tag)
  if (type === 'Multiline') {
    if (tags.length === 0) throw fail('has no tags', 'name those that addScalar is given')
    return { title, multiline: { tag: [...tags] } }
  }
  if (type !== 'Margin') throw fail(`is a ${show(type)}`, "one of 'Multiline' and 'Margin'")
  const [value, lower, upper] = tags
  if (tags.length !== 3 || value === undefined || lower === undefined || upper === undefined) {
    throw fail(`has ${tags.length} tags`, 'a margin has three: value, lower and upper bound')
  }
  return { title, margin: { series: [{ value, lower, upper }] } }
}

/** The charts of a layout. */
export function chartsOf({ category = [] }: LayoutProto): CustomScalarChart[] {
  return category.flatMap(({ title: group = '', chart = [] }) =>
    chart.map(({ title = '', multiline, margin }) => {
      const bounds = (margin?.series ?? []).flatMap(({ value = '', lower = '', upper = '' }) => [
        value,
        lower,
        upper,
      ])
      const type = margin === undefined ? 'Multiline' : 'Margin'
      return { category: group, title, type, tags: multiline?.tag ?? bounds } as const
    }),
  )
}
