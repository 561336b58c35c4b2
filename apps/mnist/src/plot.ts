import { writeFileSync } from 'node:fs'
import { scaleLinear, scaleLog } from 'd3-scale'
import type { ScaleContinuousNumeric } from 'd3-scale'
import { line } from 'd3-shape'
import { element, group, palette, renderPng, svgDocument, text } from './picture.ts'
import { decimate, runningMean } from './series.ts'
import type { Point } from './series.ts'

export interface LossCurveOptions {
  title: string
  /** One line below the title: the recipe, the result. */
  subtitle?: string
  /** What the loss is: `cross-entropy`. */
  lossName: string
  /** The loss of each training step; x in epochs, counted from 0. */
  train: readonly Point[]
  /** The mean training loss of each epoch; x where the epoch ends: 1, 2 ... */
  epochLoss: readonly Point[]
  /** The accuracy on the test set after each epoch, a fraction from 0 to 1; x as in `epochLoss`. */
  testAccuracy: readonly Point[]
  /** Where the PNG goes; the same picture as SVG goes beside it. */
  path: string
}

/** Draws the course of a training run, loss above and test accuracy below, as a PNG and an SVG. */
export function lossCurve(options: LossCurveOptions): void {
  const svg = lossCurveSvg(options)
  writeFileSync(`${options.path.replace(/\.png$/i, '')}.svg`, svg)
  writeFileSync(options.path, renderPng(svg))
}

const margin = { left: 64, right: 40, top: 112, bottom: 56 }
const width = 860
const lossHeight = 300
const accuracyHeight = 150
/** Room between the panels, for the heading of the lower one. */
const gap = 72

type Axis = ScaleContinuousNumeric<number, number>

/** The picture of {@link lossCurve} as the text of an SVG. Losses that are not finite are left out. */
export function lossCurveSvg(options: Omit<LossCurveOptions, 'path'>): string {
  const curves = [options.train, options.epochLoss, options.testAccuracy]
  const epochs = Math.max(1, ...curves.map((points) => points.at(-1)?.x ?? 0))
  const x = scaleLinear([0, epochs], [0, width])
  const accuracyTop = margin.top + lossHeight + gap
  return svgDocument(
    margin.left + width + margin.right,
    accuracyTop + accuracyHeight + margin.bottom,
    [
      text(margin.left, 40, options.title, { size: 20, bold: true }),
      text(margin.left, 63, options.subtitle ?? '', { size: 13, color: palette.muted }),
      group(margin.left, margin.top, lossPanel(options, x)),
      group(margin.left, accuracyTop, accuracyPanel(options, x)),
    ],
  )
}

function lossPanel(options: Omit<LossCurveOptions, 'path'>, x: Axis): string[] {
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

  const unit = logarithmic ? `${options.lossName}, logarithmic scale` : options.lossName
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

function accuracyPanel({ testAccuracy }: Omit<LossCurveOptions, 'path'>, x: Axis): string[] {
  const points = testAccuracy
    .filter(isFinitePoint)
    .map((point) => ({ x: point.x, y: point.y * 100 }))
  const values = points.map((point) => point.y)
  const low = Math.min(...values, 100)
  const high = Math.max(...values, 0)
  const room = Math.max(high - low, 1)
  const y = scaleLinear(
    points.length > 0 ? [Math.max(0, low - room * 0.25), high + room * 0.4] : [0, 100],
    [accuracyHeight, 0],
  )

  // A value at every point while there is room, otherwise at the last and, away from it, the best.
  const best = points.findIndex((point) => point.y === high)
  const valued = points.filter(
    (_, i) =>
      points.length <= 12 || i === points.length - 1 || (i === best && i < points.length * 0.93),
  )
  return [
    text(0, -16, 'Accuracy on the test set (%)', { size: 13, bold: true }),
    ...axes(
      x,
      y,
      labelled(y, 4).filter(({ at }) => at <= 100),
      accuracyHeight,
    ),
    text(width / 2, accuracyHeight + 44, 'epoch', {
      size: 12,
      color: palette.muted,
      anchor: 'middle',
    }),
    curve(points, x, y, { ...meanStyle, stroke: palette.orange }),
    ...dots(points, x, y),
    ...valued.map((point) =>
      text(x(point.x), y(point.y) - 11, point.y.toFixed(2), { size: 11, anchor: 'middle' }),
    ),
  ]
}

const stepStyle = { stroke: palette.blue, 'stroke-width': 1, 'stroke-opacity': 0.3 }
const meanStyle = { stroke: palette.blue, 'stroke-width': 2.25 }
const epochStyle = { stroke: palette.orange, 'stroke-width': 2.25, 'stroke-linecap': 'round' }

function curve(
  points: readonly Point[],
  x: Axis,
  y: Axis,
  style: Record<string, string | number>,
): string {
  const path = line<Point>(
    (point) => x(point.x),
    (point) => y(point.y),
  ).digits(2)
  return element('path', {
    d: path(points) ?? '',
    fill: 'none',
    'stroke-linejoin': 'round',
    ...style,
  })
}

/** A mean over an epoch, drawn over the epoch's length. */
function bar(epoch: Point, x: Axis, y: Axis): string {
  const [from, to, at] = [x(Math.max(epoch.x - 1, 0)), x(epoch.x), y(epoch.y)]
  return element('path', {
    d: `M${from.toFixed(2)},${at.toFixed(2)}H${to.toFixed(2)}`,
    ...epochStyle,
  })
}

function dots(points: readonly Point[], x: Axis, y: Axis): string[] {
  const style = {
    r: points.length > 25 ? 3 : 4.5,
    fill: palette.orange,
    stroke: palette.background,
    'stroke-width': 1.5,
  }
  return points.map((point) => element('circle', { cx: x(point.x), cy: y(point.y), ...style }))
}

interface Tick {
  at: number
  label: string
}

/** About `count` round numbers along an axis, all with as many decimals. */
function labelled(axis: Axis, count: number): Tick[] {
  const format = axis.tickFormat(count)
  return axis.ticks(count).map((at) => ({ at, label: format(at) }))
}

/** Multiples of powers of ten: 1, 2 and 5 of each while the axis is short, else 1 alone. */
function logTicks([low = 1, high = 1]: readonly number[]): Tick[] {
  const multiples = Math.log10(high / low) < 3 ? [1, 2, 5] : [1]
  const ticks: Tick[] = []
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++) {
    for (const multiple of multiples) {
      const at = Number(`${multiple}e${power}`)
      if (at >= low && at <= high) ticks.push({ at, label: String(at) })
    }
  }
  return ticks
}

/** Grid lines and the numbers beside them; after a few epochs, only whole ones get one. */
function axes(x: Axis, y: Axis, rows: readonly Tick[], height: number): string[] {
  const columns =
    x.domain()[1]! < 4 ? labelled(x, 6) : labelled(x, 12).filter(({ at }) => Number.isInteger(at))
  const label = { size: 12, color: palette.muted }
  return [
    ...rows.flatMap((tick) => [
      element('path', { d: `M0,${y(tick.at).toFixed(2)}H${width}`, stroke: palette.grid }),
      text(-10, y(tick.at) + 4, tick.label, { ...label, anchor: 'end' }),
    ]),
    ...columns.flatMap((tick) => [
      element('path', { d: `M${x(tick.at).toFixed(2)},0V${height}`, stroke: palette.grid }),
      text(x(tick.at), height + 20, tick.label, { ...label, anchor: 'middle' }),
    ]),
    element('path', { d: `M0,${height}H${width}`, stroke: palette.muted }),
  ]
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

function isFinitePoint({ x, y }: Point): boolean {
  return Number.isFinite(x) && Number.isFinite(y)
}
