import { requireList, requireOptions } from '@flambeau/core/internal'
import { scaleLinear, scaleLog } from 'd3-scale'
import type { Axis, Tick } from './axes.ts'
import { curve, gridOf, isFinitePoint, labelled, logTicks } from './axes.ts'
import { Figure } from './figure.ts'
import { decimate, runningMean } from './series.ts'
import type { Point } from './series.ts'
import { colorOf, element, group, palette, svgDocument, text } from './svg.ts'
import { lineText } from './terminal.ts'
import type { Curve } from './values.ts'
import { pointsOf } from './values.ts'

/** What was measured after each epoch. */
export interface MetricCurve {
  /** Above its panel: `Accuracy on the test set`. */
  readonly name: string
  /** x where the epoch ends: 1, 2, …; a plain list is taken so. */
  readonly points: Curve
  /** Show fractions as per cent. Default true. */
  readonly percent?: boolean
}

export interface TrainingCurvesOptions {
  readonly title: string
  /** One line below the title: the recipe, the result. */
  readonly subtitle?: string
  /** What the loss is: `cross-entropy`. Default `loss`. */
  readonly lossName?: string
  /** The loss of each training step; x in epochs, counted from 0. */
  readonly train: readonly Point[]
  /** The mean training loss of each epoch; x where the epoch ends: 1, 2, …. Default none. */
  readonly epochLoss?: Curve
  /** A panel for each. Default none. */
  readonly metrics?: readonly MetricCurve[]
}

const margin = { left: 64, right: 40, top: 112, bottom: 56 }
const width = 860
const lossHeight = 300
const metricHeight = 150
/** Room between the panels, for the heading of the lower one. */
const gap = 72

/** Points of a curve over epochs: a plain list has its first value at the end of epoch 1. */
function atEpochs(points: Curve): Point[] {
  const first = (points as ArrayLike<unknown> | undefined)?.[0]
  const plain = typeof first !== 'object'
  return pointsOf(points).map(({ x, y }) => ({ x: plain ? x + 1 : x, y }))
}

/**
 * The course of a training run: the loss above, a panel for each metric below. Losses that are not
 * finite are left out; the loss takes a logarithmic scale by itself when it falls by more than a
 * factor of 20.
 *
 * @example
 * ```ts
 * import { trainingCurves } from '@flambeau/plot'
 * const figure = trainingCurves({
 *   title: 'MNIST, mlp',
 *   lossName: 'cross-entropy',
 *   train: [0.5, 1, 1.5, 2].map((x) => ({ x, y: 1 / x })),
 *   epochLoss: [1.5, 0.6],
 *   metrics: [{ name: 'Accuracy on the test set', points: [0.91, 0.95] }],
 * })
 * console.log(figure.svg.includes('95.00')) // => true
 * ```
 */
export function trainingCurves(options: TrainingCurvesOptions): Figure {
  requireOptions('trainingCurves', options, ['title', 'train'])
  requireList('trainingCurves', 'train', options.train, 'a list of points { x, y }')
  for (const point of options.train) requireOptions('trainingCurves', point, ['x', 'y'])
  requireList('trainingCurves', 'metrics', options.metrics ?? [], 'a list of { name, points }')
  for (const metric of options.metrics ?? []) {
    requireOptions('trainingCurves', metric, ['name', 'points'])
  }
  const metrics = (options.metrics ?? []).map((metric) => ({
    ...metric,
    points: atEpochs(metric.points).filter(isFinitePoint),
  }))
  const epochLoss = atEpochs(options.epochLoss ?? [])
  const ends = [options.train, epochLoss, ...metrics.map(({ points }) => points)]
  const epochs = Math.max(1, ...ends.map((points) => points.at(-1)?.x ?? 0))
  const x = scaleLinear([0, epochs], [0, width])
  const below = margin.top + lossHeight
  const bottom = below + metrics.length * (gap + metricHeight)
  const subtitle = text(margin.left, 63, options.subtitle ?? '', { size: 13, color: palette.muted })
  return new Figure(
    svgDocument(margin.left + width + margin.right, bottom + margin.bottom, [
      text(margin.left, 40, options.title, { size: 20, bold: true }),
      subtitle,
      group(margin.left, margin.top, lossPanel({ ...options, epochLoss }, x)),
      ...metrics.map((metric, i) =>
        group(
          margin.left,
          below + gap + i * (gap + metricHeight),
          metricPanel(metric, x, colorOf(i + 1)),
        ),
      ),
      text(margin.left + width / 2, bottom + 44, 'epoch', {
        size: 12,
        color: palette.muted,
        anchor: 'middle',
      }),
    ]),
    (across) => {
      const loss = { name: 'training loss', points: options.train.filter(isFinitePoint) }
      const panels = [loss, ...metrics].map(({ name, points }) =>
        lineText([{ name, points }], across, name),
      )
      return [options.title, ...panels].join('\n')
    },
  )
}

function lossPanel(
  options: TrainingCurvesOptions & { epochLoss: readonly Point[] },
  x: Axis,
): string[] {
  const steps = options.train.filter(isFinitePoint)
  const mean = decimate(runningMean(steps, Math.ceil(steps.length / 120)), 600)
  const epochs = options.epochLoss.filter(isFinitePoint)

  const shown = [...mean, ...epochs].map(({ y }) => y)
  const low = Math.min(...shown)
  const high = Math.max(...shown)
  const logarithmic = low > 0 && high / low > 20
  const y = logarithmic
    ? scaleLog([low / 1.5, high * 1.15], [lossHeight, 0])
    : scaleLinear([Math.min(0, low), high > 0 ? high * 1.05 : 1], [lossHeight, 0])
  const ticks = logarithmic ? logTicks(y.domain()) : labelled(y, 6)

  const name = options.lossName ?? 'loss'
  const unit = logarithmic ? `${name}, logarithmic scale` : name
  const drawable = logarithmic ? steps.filter((step) => step.y > 0) : steps
  const curves = [
    curve(decimate(drawable, 1600), x, y, stepStyle),
    ...epochs.map((epoch) => bar(epoch, x, y)),
    curve(mean, x, y, meanStyle),
  ]
  return [
    text(0, -16, `Training loss (${unit})`, { size: 13, bold: true }),
    ...legend(),
    ...axes(x, y, ticks, lossHeight),
    // Single steps may lie far outside of what the means span.
    `<clipPath id="panel"><rect width="${width}" height="${lossHeight}"/></clipPath>`,
    element('g', { 'clip-path': 'url(#panel)' }, curves.join('\n')),
  ]
}

interface MetricPanel {
  readonly name: string
  readonly points: readonly Point[]
  readonly percent?: boolean
}

function metricPanel(metric: MetricPanel, x: Axis, color: string): string[] {
  const percent = metric.percent ?? true
  const points = metric.points.map((point) => ({ x: point.x, y: point.y * (percent ? 100 : 1) }))
  const values = points.map((point) => point.y)
  const top = percent ? 100 : Math.max(...values, 0)
  const low = Math.min(...values, top)
  const high = Math.max(...values, 0)
  const room = Math.max(high - low, percent ? 1 : Math.abs(high) * 0.1 || 1)
  const y = scaleLinear(
    points.length > 0 ? [Math.max(0, low - room * 0.25), high + room * 0.4] : [0, top || 1],
    [metricHeight, 0],
  )

  // A value at every point while there is room, otherwise at the last and, away from it, the best.
  const best = points.findIndex((point) => point.y === high)
  const valued = points.filter(
    (_, i) =>
      points.length <= 12 || i === points.length - 1 || (i === best && i < points.length * 0.93),
  )
  return [
    text(0, -16, percent ? `${metric.name} (%)` : metric.name, { size: 13, bold: true }),
    ...axes(
      x,
      y,
      labelled(y, 4).filter(({ at }) => !percent || at <= 100),
      metricHeight,
    ),
    curve(points, x, y, { ...meanStyle, stroke: color }),
    ...dots(points, x, y, color),
    ...valued.map((point) =>
      text(x(point.x), y(point.y) - 11, point.y.toFixed(percent ? 2 : 4), {
        size: 11,
        anchor: 'middle',
      }),
    ),
  ]
}

const stepStyle = { stroke: palette.blue, 'stroke-width': 1, 'stroke-opacity': 0.3 }
const meanStyle = { stroke: palette.blue, 'stroke-width': 2.25 }
const epochStyle = { stroke: palette.orange, 'stroke-width': 2.25, 'stroke-linecap': 'round' }

/** A mean over an epoch, drawn over the epoch's length. */
function bar(epoch: Point, x: Axis, y: Axis): string {
  const [from, to, at] = [x(Math.max(epoch.x - 1, 0)), x(epoch.x), y(epoch.y)]
  return element('path', {
    d: `M${from.toFixed(2)},${at.toFixed(2)}H${to.toFixed(2)}`,
    ...epochStyle,
  })
}

function dots(points: readonly Point[], x: Axis, y: Axis, color: string): string[] {
  const style = {
    r: points.length > 25 ? 3 : 4.5,
    fill: color,
    stroke: palette.background,
    'stroke-width': 1.5,
  }
  return points.map((point) => element('circle', { cx: x(point.x), cy: y(point.y), ...style }))
}

/** Grid lines with numbers; after a few epochs, only whole ones get one. */
function axes(x: Axis, y: Axis, rows: Tick[], height: number): string[] {
  const columns =
    x.domain()[1]! < 4 ? labelled(x, 6) : labelled(x, 12).filter(({ at }) => Number.isInteger(at))
  return gridOf({ x, y, columns, rows, width, height })
}

/** Right-aligned above the loss; widths are those of these words in this typeface. */
function legend(): string[] {
  const label = { size: 12, color: palette.muted }
  const swatch = (x: number, style: Record<string, string | number>): string =>
    element('path', { d: `M${x},-20h22`, ...style })
  return [
    swatch(width - 352, stepStyle),
    text(width - 324, -16, 'each step', label),
    swatch(width - 254, meanStyle),
    text(width - 226, -16, 'running mean', label),
    swatch(width - 136, epochStyle),
    text(width - 108, -16, 'mean of the epoch', label),
  ]
}
