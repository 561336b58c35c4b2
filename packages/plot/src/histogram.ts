import { scaleLinear } from 'd3-scale'
import { ValueError } from '@flambeau/core'
import { requireOptions, show } from '@flambeau/core/internal'
import { extent, gridOf, labelled } from './axes.ts'
import { Figure } from './figure.ts'
import { legend } from './legend.ts'
import type { AxesOptions } from './line-plot.ts'
import { colorOf, element, group, palette, svgDocument, text } from './svg.ts'
import { barText } from './terminal.ts'
import type { Numbers } from './values.ts'
import { numbersOf, requireAxisRange } from './values.ts'

export interface HistogramOptions extends Omit<AxesOptions, 'yScale' | 'yRange'> {
  /** Default 40. */
  readonly bins?: number
  /** From where to where. Default the smallest to the largest number. */
  readonly range?: readonly [low: number, high: number]
}

const width = 760
const height = 300
const margin = { left: 72, right: 40, bottom: 56 }

/**
 * How often numbers fall where: weights, gradients, activations. Several by name lie over each
 * other. Numbers that are not finite are left out.
 *
 * @throws {ValueError} if `bins` is not a whole number from 1 up.
 * @see torch.histc
 *
 * @example
 * ```ts
 * import { randn } from '@flambeau/core'
 * import { histogram } from '@flambeau/plot'
 * const figure = histogram({ 'fc1.weight': randn([64, 64]) }, { bins: 20 })
 * console.log(figure.svg.includes('<rect')) // => true
 * ```
 */
export function histogram(
  values: Numbers | Readonly<Record<string, Numbers>>,
  options: HistogramOptions = {},
): Figure {
  requireOptions('histogram', options)
  const bins = options.bins ?? 40
  if (!Number.isInteger(bins) || bins < 1 || bins > 10_000) {
    const rule = `bins must be a whole number from 1 to 10000, not ${show(bins)}`
    throw new ValueError('histogram', [], rule, '{ bins: 40 }')
  }
  if (options.range !== undefined) requireAxisRange('histogram', 'range', options.range)
  if (typeof values !== 'object' || values === null) {
    const rule = `values must be numbers, or an object of them by name, not ${show(values)}`
    throw new ValueError('histogram', [], rule, "histogram({ 'fc1.weight': values })")
  }
  const isOne = 'shape' in values || typeof (values as ArrayLike<number>).length === 'number'
  const named = isOne ? { '': values as Numbers } : (values as Record<string, Numbers>)
  const lists = Object.entries(named).map(([name, list]) => ({
    name,
    values: numbersOf(list).filter(Number.isFinite),
  }))
  let [low, high] = options.range ?? extent(lists.flatMap((list) => extentIf(list.values)))
  if (low === high) [low, high] = [low - 0.5, high + 0.5]
  const counts = lists.map((list) => countsOf(list.values, low, high, bins))
  const most = Math.max(1, ...counts.flat())
  const x = scaleLinear([low, high], [0, width])
  const y = scaleLinear([0, most * 1.05], [height, 0])
  const step = width / bins
  const top = options.title === undefined ? 60 : 112
  const bars = counts.flatMap((list, i) =>
    list.map((count, bin) =>
      element('rect', {
        x: bin * step + 0.5,
        y: y(count),
        width: Math.max(step - 1, 0.5),
        height: height - y(count),
        fill: colorOf(i),
        'fill-opacity': counts.length > 1 ? 0.55 : 0.9,
      }),
    ),
  )
  const rows = labelled(y, 5)
  const columns = labelled(x, 8)
  return new Figure(
    svgDocument(margin.left + width + margin.right, top + height + margin.bottom, [
      text(margin.left, 40, options.title ?? '', { size: 20, bold: true }),
      text(margin.left, 63, options.subtitle ?? '', { size: 13, color: palette.muted }),
      group(margin.left, top, [
        text(0, -16, options.yLabel ?? 'count', { size: 13, bold: true }),
        ...(lists.length > 1
          ? legend(
              lists.map(({ name }) => name),
              width,
            )
          : []),
        ...gridOf({ x, y, columns, rows, width, height }),
        ...bars,
        text(width / 2, height + 44, options.xLabel ?? '', {
          size: 12,
          color: palette.muted,
          anchor: 'middle',
        }),
      ]),
    ]),
    (across) => {
      const edge = (bin: number): string => (low + ((high - low) * bin) / bins).toPrecision(3)
      const texts = lists.map(({ name }, i) => {
        const bars = (counts[i] ?? []).map((count, bin) => [edge(bin), count] as const)
        return name === '' ? barText(bars, across) : `${name}\n${barText(bars, across)}`
      })
      return options.title === undefined ? texts.join('\n') : [options.title, ...texts].join('\n')
    },
  )
}

/** The ends of a list, or nothing of an empty one. */
function extentIf(values: readonly number[]): readonly number[] {
  return values.length === 0 ? [] : extent(values)
}

function countsOf(values: readonly number[], low: number, high: number, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0)
  for (const value of values) {
    if (value < low || value > high) continue
    const bin = Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins))
    counts[bin] = (counts[bin] as number) + 1
  }
  return counts
}
