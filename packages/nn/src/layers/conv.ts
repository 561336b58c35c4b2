/** What convolutions of one, two and three axes have in common. */
import type { Pair, Single, Tensor, Triple } from '@flambeau/core'
import { ShapeError, ValueError } from '@flambeau/core'
import {
  parameters,
  requireCounts,
  requireNumberList,
  requireTensor,
} from '@flambeau/core/internal'
import { resetAffine } from '../init.ts'
import { pad } from '../functional/padding.ts'
import { wholeNumbers } from '../functional/inputs.ts'
import { Module } from '../module.ts'
import type { Parameter } from '../parameter.ts'
import { describe, unless } from './describe.ts'
import type { FactoryOptions } from './factory.ts'
import { newParameter } from './factory.ts'
import { materialize, uninitialized } from './lazy.ts'

export type { Pair, Single, Triple }

/** A number for all axes, or one for each. */
export type Sizes = Single | Pair | Triple

/** What is beyond the edges: zeros, or the input as in pad(). */
export type PaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular'

/** What all convolutions are made of. */
export interface ConvSettings<S extends Sizes> extends FactoryOptions {
  /** Channels of the input. */
  inChannels: number
  /** Channels of the output. */
  outChannels: number
  /** The size of the kernels. */
  kernelSize: S
  /** Distance between the places of the kernel. Default 1. */
  stride?: S
  /** Distance between the kernel's elements. Default 1. */
  dilation?: S
  /** Groups of channels that do not see each other. Default 1. */
  groups?: number
  /** Add a bias. Default true. */
  bias?: boolean
  /** What is beyond the edges. Default 'zeros'. */
  paddingMode?: PaddingMode
}

export interface ConvOptions<S extends Sizes> extends ConvSettings<S> {
  /** Positions added on each side; `'same'` keeps the size (stride 1), `'valid'` adds none. Default 0. */
  padding?: S | 'same' | 'valid'
}

export interface ConvTransposeOptions<S extends Sizes> extends ConvSettings<S> {
  /** Positions less on each side. Default 0. */
  padding?: S
  /** Positions more at the end. Default 0. */
  outputPadding?: S
}

const MODES: readonly string[] = ['zeros', 'reflect', 'replicate', 'circular']

interface Settings extends ConvSettings<Sizes> {
  padding?: Sizes | 'same' | 'valid'
  outputPadding?: Sizes
}

/** The size that a transposed convolution, or an unpooling, shall come to: by position or by name. */
export type OutputSize = readonly number[] | null | { outputSize?: readonly number[] | null }

const readOutputSize = parameters<[readonly number[] | null]>('forward', ['outputSize'])

type Optional<T> = { [K in keyof T]?: T[K] | undefined }

/** A convolution, transposed or not, of `dims` axes. */
export abstract class ConvNd extends Module<[input: Tensor, outputSize?: OutputSize]> {
  inChannels: number
  readonly outChannels: number
  readonly kernelSize: number[]
  readonly stride: number[]
  readonly padding: number[] | 'same' | 'valid'
  readonly dilation: number[]
  readonly transposed: boolean
  readonly outputPadding: number[]
  readonly groups: number
  readonly paddingMode: PaddingMode
  weight: Parameter
  bias: Parameter | null

  constructor(op: string, dims: 1 | 2 | 3, transposed: boolean, settings: Optional<Settings>) {
    super()
    const { inChannels, outChannels, groups = 1, padding = 0, paddingMode = 'zeros' } = settings
    requireCounts(op, { inChannels, outChannels }, 0)
    requireCounts(op, { groups }, 1)
    const numbers = (name: keyof Settings, value: unknown, least: number): number[] =>
      wholeNumbers(op, name, value, dims, least, {
        inChannels: Number(inChannels),
        outChannels: Number(outChannels),
      })
    this.inChannels = inChannels as number
    this.outChannels = outChannels as number
    this.kernelSize = numbers('kernelSize', settings.kernelSize, 1)
    this.stride = numbers('stride', settings.stride ?? 1, 1)
    this.padding =
      !transposed && (padding === 'same' || padding === 'valid')
        ? padding
        : numbers('padding', padding, 0)
    this.dilation = numbers('dilation', settings.dilation ?? 1, 1)
    this.transposed = transposed
    this.outputPadding = numbers('outputPadding', settings.outputPadding ?? 0, 0)
    this.groups = groups
    this.paddingMode = paddingMode
    this.#check(op)
    const { device, dtype } = settings
    this.weight = newParameter(this.weightShape(), { device: device ?? null, dtype: dtype ?? null })
    this.bias =
      settings.bias === false
        ? null
        : newParameter([this.outChannels], { device: device ?? null, dtype: dtype ?? null })
    this.resetParameters()
  }

  #check(op: string): void {
    const { inChannels, outChannels, groups, padding, paddingMode, transposed } = this
    const fail = (rule: string, fix: string): never => {
      throw new ValueError(op, { inChannels, outChannels, groups }, rule, fix)
    }
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      fail('groups must divide inChannels and outChannels', 'choose another number of groups')
    }
    if (!MODES.includes(paddingMode)) {
      fail(`there is no paddingMode '${paddingMode}'`, `use one of ${MODES.join(', ')}`)
    }
    if (transposed && paddingMode !== 'zeros') {
      fail(`a transposed convolution has no paddingMode '${paddingMode}'`, "use 'zeros'")
    }
    if (padding === 'same' && this.stride.some((one) => one !== 1)) {
      fail("padding 'same' needs a stride of 1", 'pass the padding as numbers')
    }
  }

  /** The shape of the weight for the channels that there are. */
  protected weightShape(): number[] {
    const { inChannels, outChannels, groups, kernelSize } = this
    return this.transposed
      ? [inChannels, outChannels / groups, ...kernelSize]
      : [outChannels, inChannels / groups, ...kernelSize]
  }

  /** Draws new initial values: uniformly within 1 / sqrt(fanIn). */
  resetParameters(): void {
    // Without inputs there is no bound for the bias.
    resetAffine(this.weight, this.weight.numel() === 0 ? null : this.bias)
  }

  /** The input with its edges continued, and the padding that is left to do. */
  protected padded(input: Tensor): { x: Tensor; padding: readonly number[] | 'same' | 'valid' } {
    const { padding, paddingMode, kernelSize, dilation } = this
    if (paddingMode === 'zeros') return { x: input, padding }
    const sides = kernelSize.map((size, axis): [number, number] => {
      if (padding === 'valid') return [0, 0]
      if (padding !== 'same') return [padding[axis] as number, padding[axis] as number]
      const total = (dilation[axis] as number) * (size - 1)
      return [Math.floor(total / 2), total - Math.floor(total / 2)]
    })
    return { x: pad(input, sides.reverse().flat(), paddingMode), padding: kernelSize.map(() => 0) }
  }

  /** What brings a transposed convolution to `outputSize`, of all axes or the last ones. */
  protected outputPaddingFor(input: Tensor, given: OutputSize | undefined): readonly number[] {
    const [outputSize = null] = readOutputSize([given])
    if (outputSize === null) return this.outputPadding
    const op = this.constructor.name
    requireTensor(op, 'input', input)
    requireNumberList(op, 'outputSize', outputSize)
    const dims = this.kernelSize.length
    const wanted = outputSize.slice(-dims)
    const batch = input.ndim - dims
    if (outputSize.length !== dims && outputSize.length !== dims + batch) {
      throw new ShapeError(
        op,
        { input },
        `outputSize must have ${dims} or ${dims + batch} numbers, not ${outputSize.length}`,
        'leave out batch and channels',
      )
    }
    return wanted.map((size, axis) => {
      const [n, kernel] = [input.shape[batch + axis] as number, this.kernelSize[axis] as number]
      const [stride, dilation] = [this.stride[axis] as number, this.dilation[axis] as number]
      const padding = (this.padding as number[])[axis] as number
      const least = (n - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1
      if (size >= least && size < least + stride) return size - least
      throw new ShapeError(
        op,
        { input },
        `outputSize[${axis}] must be ${least} to ${least + stride - 1}, not ${size}`,
        'choose a size that the stride can reach',
      )
    })
  }

  /** Makes the parameters wait for the channels of the first input. */
  protected waitForChannels(bias: boolean, options: FactoryOptions): void {
    this.weight = uninitialized(options)
    if (bias) this.bias = uninitialized(options)
  }

  /** Takes the channels from the input. @throws {ShapeError} if it does not have the axes for them. */
  protected takeChannels(input: Tensor): void {
    const op = this.constructor.name
    requireTensor(op, 'input', input)
    const dims = this.kernelSize.length
    const channels = input.shape[input.ndim - dims - 1]
    if (channels === undefined || input.ndim > dims + 2) {
      throw new ShapeError(
        op,
        { input },
        `input must have ${dims + 1} or ${dims + 2} axes, but has ${input.ndim}`,
        'add axes with unsqueeze()',
      )
    }
    if (channels % this.groups !== 0) {
      throw new ShapeError(
        op,
        { input },
        `groups (${this.groups}) must divide the channels (${channels})`,
        'choose another number of groups',
      )
    }
    this.inChannels = channels
    const empty = materialize(this.weight, this.weightShape())
    materialize(this.bias, [this.outChannels])
    if (empty) this.resetParameters()
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding, dilation, groups, outputPadding, paddingMode } = this
    const zeros = kernelSize.map(() => 0)
    const settings = {
      kernelSize,
      stride,
      padding: unless<unknown>(zeros, padding),
      dilation: unless(
        kernelSize.map(() => 1),
        dilation,
      ),
      outputPadding: unless(zeros, outputPadding),
      groups: unless(1, groups),
      bias: this.bias === null ? false : undefined,
      paddingMode: unless('zeros', paddingMode),
    }
    return `${this.inChannels}, ${this.outChannels}, ${describe(settings)}`
  }
}
