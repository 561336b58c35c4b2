import { Tensor, ValueError } from '@flambeau/core'
import { requireCount, requireOneOf, requireOptions } from '@flambeau/core/internal'
import { scaleLinear } from 'd3-scale'
import type { Axis } from './axes.ts'
import {
  curve,
  extent,
  gridOf,
  isFinitePoint,
  isLogarithmic,
  labelled,
  ticksOf,
  upright,
} from './axes.ts'
import { Figure } from './figure.ts'
import { legend } from './legend.ts'
import { decimate, runningMean } from './series.ts'
import type { ScaleKind } from './scale-kind.ts'
import type { Point } from './series.ts'
import { colorOf, element, group, palette, svgDocument, text } from './svg.ts'
import { lineText } from './terminal.ts'
import type { Curve } from './values.ts'
import { numbersOf, pointsOf, requireAxisRange } from './values.ts'
import type { Numbers } from './values.ts'

/** What all plots with axes take. */
export interface AxesOptions {
  readonly title?: string
  /** One line below the title. */
  readonly subtitle?: string
  /** Below the horizontal axis. */
  readonly xLabel?: string
  /** Above the vertical axis. */
  readonly yLabel?: string
  /** Default `linear`. */
  readonly yScale?: ScaleKind
  /** From where to where the vertical axis goes; what is outside is cut off. Default all values. */
  readonly yRange?: readonly [low: number, high: number]
}

export interface LinePlotOptions extends AxesOptions {
  /** Draw running means over so many neighbours on either side, the values faintly. Default 0. */
  readonly smooth?: number
}

interface Named {
  readonly name: string
  readonly points: readonly Point[]
}

const margin = { left: 72, right: 40, bottom: 56 }
const width = 760
const height = 360

/** Axes with a title, a legend and what `draw` gives; the frame of all plots with axes. */
function plot(
  series: readonly Named[],
  options: AxesOptions,
  draw: (x: Axis, y: Axis) => string[],
  square = false,
): Figure {
  const finite = series.map(({ name, points }) => ({ name, points: points.filter(isFinitePoint) }))
  const all = finite.flatMap(({ points }) => points)
  requireOptions('plot', options)
  if (options.yRange !== undefined) requireAxisRange('plot', 'yRange', options.yRange)
  const kind = options.yScale ?? 'linear'
  requireOneOf('plot', 'yScale', kind, ['linear', 'log', 'auto'])
  const [low, high] = options.yRange ?? extent(all.map(({ y }) => y))
  const tall = square ? 560 : height
  const wide = square ? 560 : width
  const y = upright(
    all.map((point) => point.y),
    kind,
    tall,
    options.yRange,
  )
  const [from, to] = extent(all.map((point) => point.x))
  const x = scaleLinear(from === to ? [from - 0.5, to + 0.5] : [from, to], [0, wide])
  if (square) x.nice()
  const names = finite.map(({ name }) => name)
  const top = roomAbove(options, names.length > 1 || options.yLabel !== undefined)
  const columns = labelled(x, 8)
  const rows = ticksOf(y, isLogarithmic(kind, low, high), 6)
  return new Figure(
    svgDocument(margin.left + wide + margin.right, top + tall + margin.bottom, [
      text(margin.left, 40, options.title ?? '', { size: 20, bold: true }),
      text(margin.left, 63, options.subtitle ?? '', { size: 13, color: palette.muted }),
      group(margin.left, top, [
        text(0, -16, options.yLabel ?? '', { size: 13, bold: true }),
        ...(names.length > 1 ? legend(names, wide) : []),
        ...gridOf({ x, y, columns, rows, width: wide, height: tall }),
        `<clipPath id="panel"><rect width="${wide}" height="${tall}"/></clipPath>`,
        element('g', { 'clip-path': 'url(#panel)' }, draw(x, y).join('\n')),
        text(wide / 2, tall + 44, options.xLabel ?? '', {
          size: 12,
          color: palette.muted,
          anchor: 'middle',
        }),
      ]),
    ]),
    (across) => lineText(finite, across, options.title, !square),
  )
}

/** How much is above a panel: title and subtitle, and a row of names and the axis' label. */
function roomAbove({ title, subtitle }: AxesOptions, hasRow: boolean): number {
  if (title === undefined && subtitle === undefined) return hasRow ? 60 : 24
  if (hasRow) return 112
  return subtitle === undefined ? 64 : 84
}

/**
 * Curves by name, in one panel. Points that are not finite are left out.
 *
 * @param series For each name, values at 0, 1, 2, … (numbers or a tensor) or points (also as `[N, 2]`).
 *
 * @example
 * ```ts
 * import { linePlot } from '@flambeau/plot'
 * const figure = linePlot({ train: [1, 0.5, 0.25], test: [1.1, 0.7, 0.6] }, { xLabel: 'epoch' })
 * console.log(figure.toText(40).split('\n').length) // => 14
 * ```
 */
export function linePlot(
  series: Readonly<Record<string, Curve>>,
  options: LinePlotOptions = {},
): Figure {
  requireOptions('linePlot', series)
  const named = Object.entries(series).map(([name, points]) => ({ name, points: pointsOf(points) }))
  requireOptions('linePlot', options)
  const reach = options.smooth ?? 0
  requireCount('linePlot', 'smooth', reach)
  return plot(named, options, (x, y) =>
    named.flatMap(({ points }, i) => {
      const finite = points.filter(isFinitePoint)
      const stroke = colorOf(i)
      const style = { stroke, 'stroke-width': 2 }
      if (reach === 0) return [curve(decimate(finite, 1600), x, y, style)]
      return [
        curve(decimate(finite, 1600), x, y, { stroke, 'stroke-opacity': 0.25 }),
        curve(decimate(runningMean(finite, reach), 600), x, y, style),
      ]
    }),
  )
}

export interface ScatterOptions extends AxesOptions {
  /** The class of each point, which is its colour. Default one class. */
  readonly labels?: Numbers
  /** Names of the classes. Default their numbers. */
  readonly names?: readonly string[]
  /**
   * A line drawn through the points: `y = slope · x + intercept`, or `'fit'` for that with the least
   * squares. Default none.
   */
  readonly line?: 'fit' | { readonly slope: number; readonly intercept: number }
  /** Curves drawn over the points, by name. Default none. */
  readonly curves?: Readonly<Record<string, Curve>>
  /** Radius of a point. Default 4. */
  readonly radius?: number
}

/**
 * Points in the plane, coloured by class, with a fitted line if one is given.
 *
 * @param points `[N, 2]` as a tensor, or points `{ x, y }` or `[x, y]`.
 * @throws {ValueError} if a tensor is not `[N, 2]`, or labels are not N numbers.
 *
 * @example
 * ```ts
 * import { randn } from '@flambeau/core'
 * import { scatter } from '@flambeau/plot'
 * const figure = scatter(randn([50, 2]), { line: { slope: 1, intercept: 0 } })
 * console.log(figure.svg.split('<circle').length - 1) // => 50
 * ```
 */
export function scatter(points: Curve, options: ScatterOptions = {}): Figure {
  const all = pairsOf(points)
  requireOptions('scatter', options)
  const labels = options.labels === undefined ? all.map(() => 0) : numbersOf(options.labels)
  if (labels.length !== all.length) {
    throw new ValueError(
      'scatter',
      [],
      `labels has ${labels.length} entries for ${all.length} points`,
      'give one for each',
    )
  }
  const classes = [...new Set(labels)].sort((a, b) => a - b)
  const series = classes.map((label) => ({
    name: options.names?.[label] ?? String(label),
    points: all.filter((_, i) => labels[i] === label),
  }))
  const curves = Object.entries(options.curves ?? {}).map(([name, given]) => ({
    name,
    points: pointsOf(given),
  }))
  const r = options.radius ?? 4
  return plot(
    [...series, ...curves],
    options,
    (x, y) => {
      const dots = series.flatMap(({ points: own }, i) =>
        own.filter(isFinitePoint).map((point) =>
          element('circle', {
            cx: x(point.x),
            cy: y(point.y),
            r,
            fill: colorOf(i),
            'fill-opacity': 0.75,
          }),
        ),
      )
      const lines = curves.map(({ points: own }, i) => {
        const stroke = colorOf(series.length + i)
        return curve(own.filter(isFinitePoint), x, y, { stroke, 'stroke-width': 2.25 })
      })
      if (options.line === undefined) return [...dots, ...lines]
      const { slope, intercept } = options.line === 'fit' ? fitted(all) : options.line
      const ends = x.domain().map((at) => ({ x: at, y: slope * at + intercept }))
      return [...dots, ...lines, curve(ends, x, y, { stroke: palette.red, 'stroke-width': 2.25 })]
    },
    true,
  )
}

/** The line with the least squares; level through a single point, or points above each other. */
function fitted(points: readonly Point[]): { slope: number; intercept: number } {
  const finite = points.filter(isFinitePoint)
  const mean = (of: (point: Point) => number): number =>
    finite.reduce((sum, point) => sum + of(point), 0) / Math.max(finite.length, 1)
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)]
  const spread = mean((point) => (point.x - x) ** 2)
  const slope = spread > 0 ? mean((point) => (point.x - x) * (point.y - y)) / spread : 0
  return { slope, intercept: y - slope * x }
}

function pairsOf(points: Curve): Point[] {
  if (points instanceof Tensor && (points.ndim !== 2 || points.shape[1] !== 2)) {
    throw new ValueError('scatter', { points }, 'points must be [N, 2]', 'choose two columns')
  }
  return pointsOf(points)
}
