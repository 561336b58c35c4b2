import type { Tensor } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import {
  requireCount,
  requireInstance,
  requireIterable,
  requireList,
  requireOneOf,
  requireOptions,
  show,
} from '@flambeau/core/internal'
import { Figure } from './figure.ts'
import { histogram } from './histogram.ts'
import { element, palette, svgDocument, text } from './svg.ts'

export interface FigureGridOptions {
  readonly title?: string
  /** One line below the title. */
  readonly subtitle?: string
  /** Figures in a row. Default 2. */
  readonly columns?: number
  /** Units of the picture for each figure. Default 600. */
  readonly width?: number
}

const MARGIN = 24

/**
 * Figures side by side in one; those that are wider than their place shrink.
 *
 * @throws {ValueError} if there are none, or `columns` is not a whole number from 1 up.
 * @see matplotlib.pyplot.subplots
 *
 * @example
 * ```ts
 * import { figureGrid, linePlot } from '@flambeau/plot'
 * const loss = linePlot({ loss: [3, 2, 1] }, { title: 'Loss' })
 * const accuracy = linePlot({ accuracy: [0.5, 0.8, 0.9] }, { title: 'Accuracy' })
 * const figure = figureGrid([loss, accuracy], { title: 'Training' })
 * console.log(figure.svg.split('<svg').length - 1) // => 3
 * ```
 */
export function figureGrid(figures: readonly Figure[], options: FigureGridOptions = {}): Figure {
  requireOptions('figureGrid', options)
  const { title, subtitle = '', columns = 2, width = 600 } = options
  requireList('figureGrid', 'figures', figures, 'a list of figures')
  for (const figure of figures) {
    requireInstance('figureGrid', 'each', figure, Figure, 'linePlot({ loss })')
  }
  if (figures.length === 0) {
    throw new ValueError('figureGrid', [], 'there are no figures', 'give at least one')
  }
  requireCount('figureGrid', 'columns', columns, 1)
  const top = title === undefined ? 0 : subtitle === '' ? 56 : 78
  const across = Math.min(columns, figures.length)
  const content: string[] = []
  let y = top
  for (let start = 0; start < figures.length; start += columns) {
    const row = figures.slice(start, start + columns)
    const sizes = row.map((figure) => {
      const size = sizeOf(figure.svg)
      // Large ones shrink; small ones stay as they are, so that all letters are of much the same size.
      const scale = Math.min(1, width / size.width)
      return { width: size.width * scale, height: size.height * scale }
    })
    row.forEach((figure, i) => {
      const size = sizes[i] as { width: number; height: number }
      content.push(placed(figure.svg, i * width, y, size, start + i))
    })
    y += Math.max(...sizes.map((size) => size.height))
  }
  const heading =
    title === undefined
      ? []
      : [
          text(MARGIN, 40, title, { size: 22, bold: true }),
          text(MARGIN, 63, subtitle, { size: 13, color: palette.muted }),
        ]
  return new Figure(svgDocument(across * width, y, [...heading, ...content]), (wide) =>
    figures.map((figure) => figure.toText(wide)).join('\n\n'),
  )
}

function sizeOf(svg: string): { width: number; height: number } {
  const [, width = 1, height = 1] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg) ?? []
  return { width: Number(width), height: Number(height) }
}

/** A picture within another: ids stay apart. */
function placed(
  svg: string,
  x: number,
  y: number,
  { width, height }: { width: number; height: number },
  i: number,
): string {
  const inner = svg
    .replace(/^<svg[^>]*>/, '')
    .replace(/<\/svg>$/, '')
    .replaceAll(/(id="|url\(#)panel/g, `$1panel${i}-`)
  const size = sizeOf(svg)
  const viewBox = `0 0 ${size.width} ${size.height}`
  return element('svg', { x, y, width, height, viewBox }, inner)
}

/** A model, as far as its parameters are looked at. */
export interface HasParameters {
  namedParameters(): Iterable<readonly [string, Tensor]>
}

export interface ParameterHistogramsOptions extends FigureGridOptions {
  /** Weights, or their gradients after `backward()`. Default `weights`. */
  readonly of?: 'weights' | 'gradients'
  /** Default 40. */
  readonly bins?: number
  /** How many parameters are shown. Default 24. */
  readonly limit?: number
}

/**
 * A histogram of each parameter of a model, or of each gradient: where weights vanish or explode.
 *
 * @throws {ValueError} if there are none, such as no gradients before `backward()`.
 *
 * @example
 * ```ts
 * import * as nn from '@flambeau/nn'
 * import { parameterHistograms } from '@flambeau/plot'
 * const model = new nn.Sequential(new nn.Linear(100, 50), new nn.ReLU(), new nn.Linear(50, 10))
 * const figure = parameterHistograms(model)
 * console.log(figure.svg.includes('0.weight'), figure.svg.includes('2.bias')) // => true true
 * ```
 */
export function parameterHistograms(
  model: HasParameters,
  options: ParameterHistogramsOptions = {},
): Figure {
  const op = 'parameterHistograms'
  requireOptions(op, options)
  const { of = 'weights', bins = 40, limit = 24, ...rest } = options
  requireCount(op, 'limit', limit, 1)
  requireOneOf(op, 'of', of, ['weights', 'gradients'])
  if (typeof model?.namedParameters !== 'function') {
    throw new ValueError(op, [], `the model must be a module, not ${show(model)}`, 'pass one of nn')
  }
  const parameters: unknown = model.namedParameters()
  requireIterable(op, 'model.namedParameters()', parameters, 'a list of [name, parameter]', 'net')
  const named = [...(parameters as ReturnType<HasParameters['namedParameters']>)].flatMap(
    ([name, parameter]) => {
      // `grad` is there once @flambeau/autograd is.
      const { grad } = parameter as { grad?: Tensor | null }
      const values = of === 'weights' ? parameter : (grad ?? null)
      return values === null || values.numel() === 0 ? [] : [[name, values] as const]
    },
  )
  if (named.length === 0) {
    const fix = of === 'gradients' ? 'call loss.backward() before' : 'give a model with parameters'
    throw new ValueError('parameterHistograms', [], `there are no ${of}`, fix)
  }
  const shown = named.slice(0, limit)
  const figures = shown.map(([name, values]) => {
    const subtitle = `${values.shape.join(' × ')}, ${values.numel().toLocaleString('en')} numbers`
    return histogram(values, { title: name, subtitle, bins })
  })
  const title = of === 'weights' ? 'Weights' : 'Gradients'
  const more = named.length > limit ? { subtitle: `the first ${limit} of ${named.length}` } : {}
  return figureGrid(figures, { title, ...more, columns: 2, width: 600, ...rest })
}
