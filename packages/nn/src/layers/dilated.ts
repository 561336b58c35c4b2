/** Dilated convolutions: how far they see, and stacks of them that keep the size. */
import type { Pair, Tensor } from '@flambeau/core'
import { ShapeError, ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { isIterable, parameters, requireCounts } from '@flambeau/core/internal'
import { requireTensor, wholeNumbers } from '../functional/inputs.ts'
import type { AnyModule } from '../module.ts'
import { Module } from '../module.ts'
import { walkChildren } from '../module-cycles.ts'
import { BatchNorm2d } from './batch-norm.ts'
import { Sequential } from './container.ts'
import { ConvNd } from './conv.ts'
import { Conv2d } from './conv-layers.ts'
import { describe, unless } from './describe.ts'
import type { FactoryOptions } from './factory.ts'
import { SparseSequential } from './sparse-conv-layers.ts'

/** What a window does along its axes; numbers are for all of them. */
export interface WindowLayer {
  kernelSize: number | readonly number[]
  /** Default 1. */
  stride?: number | readonly number[]
  /** Default 0. */
  padding?: number | readonly number[] | 'same' | 'valid'
  /** Default 1. */
  dilation?: number | readonly number[]
}

/** How far an element of the output sees, along each axis, in positions of the input. */
export interface ReceptiveField {
  /** How many positions it sees, those between the kernel's elements included. */
  readonly size: readonly number[]
  /** The distance between what neighbouring elements see. */
  readonly stride: readonly number[]
  /** The centre of what the first element sees; a half lies between two positions. */
  readonly start: readonly number[]
}

const OP = 'receptiveField'

// Layers that leave each position to itself have none of these fields.
const ELSEWHERE = [
  'outputSize',
  'scaleFactor',
  'hiddenSize',
  'numHeads',
  'normalizedShape',
  'startDim',
]
const FEATURES = [
  'inFeatures',
  'in1Features',
  'upscaleFactor',
  'downscaleFactor',
  'unflattenedSize',
]

/** The kind of walk along layers. */
const WINDOWS = {}

/** @throws {ValueError} unless it has fields. */
function requireLayer(value: unknown): void {
  if (value !== null && (typeof value === 'object' || typeof value === 'function')) return
  throw new ValueError(OP, [], 'an argument is no layer', 'pass a module, or an array of them')
}

/** The windows of layers one after another, and of those in a Sequential. */
function windowsOf(layers: Iterable<AnyModule | WindowLayer>): WindowLayer[] {
  return Array.from(layers).flatMap((layer) => {
    requireLayer(layer)
    if (layer instanceof Sequential || layer instanceof SparseSequential) {
      return walkChildren(OP, WINDOWS, layer, () => windowsOf(layer.children()))
    }
    const known = 'kernelSize' in layer
    const transposed = layer instanceof ConvNd && layer.transposed
    const other = [...ELSEWHERE, ...FEATURES].some((field) => field in layer)
    const nested = layer instanceof Module && [...layer.children()].length > 0
    if (transposed || other || nested) {
      const why = `it is not known what ${layer.constructor.name} sees`
      throw new ValueError(
        OP,
        [],
        why,
        'pass convolutions, pooling and what works position by position',
      )
    }
    return known ? [layer] : []
  })
}

/** How many axes a window has; 0 for any number. Pooling layers keep a single number for theirs. */
function axesOf(layer: WindowLayer): number {
  if (typeof layer.kernelSize !== 'number') return layer.kernelSize.length
  return Number(/([123])d$/.exec(layer.constructor.name)?.[1] ?? 0)
}

function along(
  value: number | readonly number[] | undefined,
  axes: number,
  usual: number,
): number[] {
  const list = value === undefined || typeof value === 'number' ? [value ?? usual] : value
  return list.length === 1 ? Array.from({ length: axes }, () => list[0] as number) : [...list]
}

/**
 * How many positions of the input an element of the output depends on, along each axis: of
 * convolutions and pooling layers one after another (also in Sequential), or objects with their
 * `kernelSize`, `stride`, `padding` and `dilation`. Layers that work position by position change
 * nothing.
 *
 * @throws {ValueError} for layers of which it is not known, such as Linear, or of different axes.
 * @see Araujo, Norris, Sim 2019, https://distill.pub/2019/computing-receptive-fields
 *
 * @example
 * ```ts
 * import { receptiveField } from '@flambeau/nn'
 * const dilations = [1, 2, 4, 8]
 * const layers = dilations.map((dilation) => ({ kernelSize: [3, 3], dilation, padding: dilation }))
 * console.log(receptiveField(layers).size) // => [ 31, 31 ]
 * ```
 */
export function receptiveField(
  layers: Iterable<AnyModule | WindowLayer> | AnyModule | WindowLayer,
): ReceptiveField {
  requireLayer(layers)
  const list = windowsOf(isIterable(layers) ? layers : [layers])
  const sizes = list.map(axesOf)
  const axes = Math.max(1, ...sizes)
  if (sizes.some((count) => count !== 0 && count !== axes)) {
    throw new ValueError(OP, [], 'the layers must have the same axes', 'pass layers of one kind')
  }
  const size = Array<number>(axes).fill(1)
  const stride = Array<number>(axes).fill(1)
  const start = Array<number>(axes).fill(0)
  for (const layer of list) {
    const kernel = along(layer.kernelSize, axes, 1)
    const dilation = along(layer.dilation, axes, 1)
    const steps = along(layer.stride, axes, 1)
    for (let axis = 0; axis < axes; axis++) {
      const reach = (dilation[axis] as number) * ((kernel[axis] as number) - 1)
      const jump = stride[axis] as number
      const before =
        layer.padding === 'same'
          ? Math.floor(reach / 2)
          : layer.padding === 'valid'
            ? 0
            : (along(layer.padding, axes, 0)[axis] as number)
      size[axis] = (size[axis] as number) + reach * jump
      start[axis] = (start[axis] as number) + (reach / 2 - before) * jump
      stride[axis] = jump * (steps[axis] as number)
    }
  }
  return { size, stride, start }
}

export interface DilatedBlock2dOptions extends FactoryOptions {
  /** Channels of the input. */
  inChannels: number
  /** Channels of every convolution's output. */
  outChannels: number
  /** The size of the kernels. Default 3. */
  kernelSize?: Pair
  /** Of each convolution, one after another. Default [1, 2, 4]. */
  dilations?: readonly number[]
  /** Normalise after each convolution, which then has no bias. Default true. */
  norm?: boolean
  /** Add the input to the output; needs as many channels. Default false. */
  residual?: boolean
}

const NAMES = [
  'inChannels',
  'outChannels',
  'kernelSize',
  'dilations',
  'norm',
  'residual',
  'device',
  'dtype',
] as const

type Read = [
  number,
  number,
  Pair,
  readonly number[],
  boolean,
  boolean,
  FactoryOptions['device'],
  FactoryOptions['dtype'],
]

/**
 * Dilated convolutions one after another that keep the height and width, each with batch
 * normalisation and ReLU behind it: sees far without losing resolution.
 *
 * Shapes: x `[N, inChannels, H, W]` -> `[N, outChannels, H, W]`. State-dict names: `convs.0.weight`,
 * `norms.0.weight`, …, without `norm` `convs.0.bias`.
 *
 * @throws {ValueError} for sizes that are not whole numbers, or a residual of other channels.
 * @see Yu, Koltun 2016, https://arxiv.org/abs/1511.07122
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { DilatedBlock2d } from '@flambeau/nn'
 * const block = new DilatedBlock2d(3, 8, { dilations: [1, 2, 4, 8] })
 * console.log(block(ones([2, 3, 16, 20])).shape, block.receptiveField.size)
 * // => [ 2, 8, 16, 20 ] [ 31, 31 ]
 * ```
 */
export class DilatedBlock2d extends Module {
  readonly convs: Sequential
  readonly norms: Sequential
  readonly dilations: readonly number[]
  readonly residual: boolean

  constructor(...given: Arguments<DilatedBlock2dOptions, typeof NAMES>) {
    super()
    const op = 'DilatedBlock2d'
    const read = parameters<Read>(op, NAMES)(given)
    const [inChannels, outChannels, kernelSize = 3, dilations = [1, 2, 4], norm = true] = read
    const [residual = false, device = null, dtype = null] = read.slice(5) as Partial<
      [boolean, FactoryOptions['device'], FactoryOptions['dtype']]
    >
    requireCounts(op, { inChannels, outChannels }, 1)
    if (!Array.isArray(dilations) || dilations.length === 0) {
      const why = 'dilations must be a list of one for each convolution'
      throw new ValueError(op, [], why, 'dilations: [1, 2, 4]')
    }
    wholeNumbers(op, 'dilations', dilations, dilations.length, 1)
    if (residual && inChannels !== outChannels) {
      const why = `a residual needs as many output channels (${outChannels}) as input channels (${inChannels})`
      throw new ValueError(op, [], why, 'leave residual out')
    }
    const options = { padding: 'same', bias: !norm, device, dtype } as const
    const layer = (dilation: number, i: number): Conv2d =>
      new Conv2d(
        i === 0 ? (inChannels as number) : (outChannels as number),
        outChannels as number,
        kernelSize,
        { ...options, dilation },
      )
    this.convs = new Sequential(...dilations.map(layer))
    const norms = norm
      ? dilations.map(() => new BatchNorm2d(outChannels as number, { device, dtype }))
      : []
    this.norms = new Sequential(...norms)
    this.dilations = [...dilations]
    this.residual = residual
  }

  /** How far an element of the output sees. */
  get receptiveField(): ReceptiveField {
    return receptiveField(this.convs)
  }

  override forward(input: Tensor): Tensor {
    requireTensor('DilatedBlock2d', 'input', input)
    if (input.ndim !== 4 && input.ndim !== 3) {
      const why = `input must be [N, C, H, W] or [C, H, W], but has ${input.ndim} axes`
      throw new ShapeError('DilatedBlock2d', { input }, why, 'add axes with unsqueeze()')
    }
    let output = input
    for (const [i, conv] of [...this.convs].entries()) {
      output = conv(output)
      if (this.norms.length > 0) output = this.norms.at(i)(output)
      const last = i === this.dilations.length - 1
      output = (this.residual && last ? output.add(input) : output).relu()
    }
    return output
  }

  override extraRepr(): string {
    return describe({ dilations: this.dilations, residual: unless(false, this.residual) })
  }
}
