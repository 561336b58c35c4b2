/** What is inside of a network, as pictures: feature maps, kernels, attention. */
import type { Tensor } from '@flambeau/core'
import { ShapeError } from '@flambeau/core'
import { requireTensor } from '@flambeau/core/internal'
import type { ColorMap } from './color-map.ts'
import { endsOf, paint } from './color-map.ts'
import type { Figure } from './figure.ts'
import type { ImageGridOptions } from './image-grid.ts'
import { drawGrid } from './image-grid.ts'
import { numbersOf } from './values.ts'

export interface MapsOptions extends Omit<ImageGridOptions, 'range' | 'invert' | 'marked'> {
  /** Default `viridis`, of kernels `diverging`. */
  readonly colors?: ColorMap
  /** The same colours for the same numbers in all maps, or in each from its least to its greatest. */
  readonly shared?: boolean
  /** How many are shown. Default 64. */
  readonly limit?: number
}

/** Average width of a character of a caption. */
const LETTER = 7

/** Matrices `[N, H, W]` as a grid of pictures. */
function grid(op: string, maps: Tensor, options: MapsOptions, defaults: MapsOptions): Figure {
  const settings = { ...defaults, ...options }
  const { colors = 'viridis', shared = false, limit = 64, captions } = settings
  const [count, height, width] = maps.shape as [number, number, number]
  const shown = Math.min(count, limit)
  const values = numbersOf(maps.narrow(0, 0, shown))
  const common = endsOf(values, colors)
  const area = height * width
  const pictures = Array.from({ length: shown }, (_, i) => {
    const own = values.slice(i * area, (i + 1) * area)
    return paint(own, width, colors, shared ? common : endsOf(own, colors))
  })
  const more = count > shown ? { subtitle: `the first ${shown} of ${count}` } : {}
  const longest = Math.max(0, ...(captions ?? []).map((caption) => caption.length))
  return drawGrid(op, pictures, {
    columns: Math.ceil(Math.sqrt(shown * 1.6)) || 1,
    tile: Math.max(Math.min(120, Math.max(48, width * 2)), longest * LETTER),
    pixelated: true,
    ...more,
    ...settings,
    captions: captions?.slice(0, shown),
  })
}

/**
 * The channels of an activation, each as a picture: what the filters of a layer respond to.
 *
 * Shapes: `[C, H, W]` or `[1, C, H, W]`.
 *
 * @throws {ShapeError} for other shapes.
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * import { featureMaps } from '@flambeau/plot'
 * const conv = new nn.Conv2d(1, 6, 3)
 * const figure = featureMaps(conv(rand([1, 1, 28, 28])), { title: 'conv1' })
 * console.log(figure.svg.split('<image').length - 1) // => 6
 * ```
 */
export function featureMaps(activation: Tensor, options: MapsOptions = {}): Figure {
  requireTensor('featureMaps', 'activation', activation)
  const [batch] = activation.shape
  const maps = activation.ndim === 4 && batch === 1 ? activation.select(0, 0) : activation
  if (maps.ndim !== 3 || maps.numel() === 0) {
    const rule = 'an activation is [C, H, W] or [1, C, H, W], of one image'
    throw new ShapeError('featureMaps', { activation }, rule, 'select one of the batch')
  }
  return grid('featureMaps', maps.detach(), options, {})
}

/**
 * The kernels of a convolution, each as a picture: blue is negative, white zero, red positive, by the
 * same measure in all of them. Of several input channels, one row for each filter.
 *
 * Shapes: weight `[out, in, H, W]`, as `Conv2d` has it.
 *
 * @throws {ShapeError} for other shapes.
 *
 * @example
 * ```ts
 * import * as nn from '@flambeau/nn'
 * import { kernels } from '@flambeau/plot'
 * const figure = kernels(new nn.Conv2d(1, 8, 5).weight, { title: 'Filters' })
 * console.log(figure.svg.split('<image').length - 1) // => 8
 * ```
 */
export function kernels(weight: Tensor, options: MapsOptions = {}): Figure {
  requireTensor('kernels', 'weight', weight)
  if (weight.ndim !== 4 || weight.numel() === 0) {
    const rule = 'the weight of a convolution is [out, in, H, W]'
    throw new ShapeError('kernels', { weight }, rule, 'pass conv.weight')
  }
  const channels = weight.shape[1] as number
  const defaults = { colors: 'diverging', shared: true, tile: 56 } as const
  const rows = channels > 1 && channels <= 16 ? { columns: channels } : {}
  return grid('kernels', weight.detach().flatten(0, 1), options, { ...defaults, ...rows })
}

/**
 * Attention weights, a picture for each head: a row for each query, a column for each key.
 *
 * Shapes: `[heads, queries, keys]`, `[1, heads, queries, keys]` or `[queries, keys]`.
 *
 * @throws {ShapeError} for other shapes.
 *
 * @example
 * ```ts
 * import { randn } from '@flambeau/core'
 * import { attentionMaps } from '@flambeau/plot'
 * const figure = attentionMaps(randn([4, 10, 10]).softmax(-1))
 * console.log(figure.svg.includes('head 4')) // => true
 * ```
 */
export function attentionMaps(weights: Tensor, options: MapsOptions = {}): Figure {
  requireTensor('attentionMaps', 'weights', weights)
  let maps = weights.ndim === 4 && weights.shape[0] === 1 ? weights.select(0, 0) : weights
  if (maps.ndim === 2) maps = maps.unsqueeze(0)
  if (maps.ndim !== 3 || maps.numel() === 0) {
    const rule = 'attention weights are [heads, queries, keys], of one example'
    throw new ShapeError('attentionMaps', { weights }, rule, 'select one of the batch')
  }
  const heads = maps.shape[0] as number
  const captions = Array.from({ length: heads }, (_, i) => `head ${i + 1}`)
  const columns = heads % 3 === 0 ? 3 : Math.min(4, heads)
  const defaults = { captions, columns, tile: 160, title: 'Attention' }
  return grid('attentionMaps', maps.detach(), options, defaults)
}
