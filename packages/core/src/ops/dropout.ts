/** Dropout, with the random numbers that PyTorch's draws. */
import { parameters } from '../arguments.ts'
import { emptyCode, emptyLike } from '../creation.ts'
import { isFloatingCode, UINT8 } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import type { Generator } from '../generator.ts'
import { show } from '../show.ts'
import { generatorIndex } from '../generator.ts'
import { inPlaceOf } from '../in-place.ts'
import { defineOp, needs, run, runMany } from '../op.ts'
import type { SamplingOptions } from '../random-arguments.ts'
import { internally } from '../scope.ts'
import type { Tensor } from '../tensor.ts'

interface DropoutParams {
  p: number
}

// Outputs: the result, and a bit for each element that says whether it was kept.
const dropoutOp = defineOp<'input', DropoutParams>('dropout', ['input'], {
  outputs: 2,
  derivative: {
    needs: ['out1'],
    formula: ([grad], { out1 }, { params }) => [
      grad ? dropoutGrad(grad, out1 as Tensor, params) : null,
    ],
  },
})

const dropoutGradOp = defineOp<'grad' | 'bits', DropoutParams>('dropoutGrad', ['grad', 'bits'], {
  derivative: {
    grad: needs(['bits'], (grad, { bits }, { params }) =>
      dropoutGrad(grad, bits as Tensor, params),
    ),
    bits: 'non-differentiable',
  },
})

/** grad where the bits say that elements are kept, divided by 1 - p. @internal */
export function dropoutGrad(grad: Tensor, bits: Tensor, params: DropoutParams): Tensor {
  return run(dropoutGradOp, [grad, bits], grad._shape, grad._dtype, [params.p], params)
}

export interface DropoutOptions extends SamplingOptions {
  /** The share of elements to zero. Default 0.5. */
  p?: number
  /** Default true; nothing happens otherwise. */
  training?: boolean
  /** Another name of `training`, as torch.dropout has it. */
  train?: boolean
  /** Write into the input. Default false. */
  inplace?: boolean
}

/** What `dropout` and its like take after their tensor, by position or by name. */
export type DropoutArguments =
  | [options?: DropoutOptions]
  | [p: number | undefined, options?: Omit<DropoutOptions, 'p'>]
  | [
      p: number | undefined,
      training: boolean | undefined,
      options?: SamplingOptions & { inplace?: boolean },
    ]
  | [
      p: number | undefined,
      training: boolean | undefined,
      inplace: boolean | undefined,
      options?: SamplingOptions,
    ]

const readDropout = parameters<[number, boolean, boolean, Generator | null, boolean]>('dropout', [
  'p',
  'training',
  'inplace',
  'generator',
  'train',
])

interface Dropping {
  p: number
  /** Is there anything to do? */
  active: boolean
  inplace: boolean
  generator: Generator | null
}

function readArguments(op: string, input: Tensor, given: readonly unknown[]): Dropping {
  requireTensor(op, 'input', input)
  const [p = 0.5, training, inplace = false, generator = null, train = true] = readDropout(given)
  if (typeof p !== 'number' || !(p >= 0 && p <= 1)) {
    throw new ValueError(
      op,
      { input },
      `p must lie in [0, 1], not ${show(p)}`,
      'p is the share of elements to zero',
    )
  }
  const active = (training ?? train) && p > 0 && input.numel() > 0
  if (active && !isFloatingCode(input._dtype)) {
    throw new DTypeError(op, { input }, 'elements must be floating', "convert: x.to('float32')")
  }
  return { p, active, inplace, generator }
}

/** The form of `dropped` that writes into its input if the arguments say so. */
function inEitherPlace(
  op: string,
  input: Tensor,
  given: readonly unknown[],
  dropped: (x: Tensor, dropping: Dropping) => Tensor,
  inPlace?: boolean,
): Tensor {
  const dropping = readArguments(op, input, given)
  if (!dropping.active) return input
  if (!(inPlace ?? dropping.inplace)) return dropped(input, dropping)
  return inPlaceOf(op, dropped)(input, dropping)
}

function dropElements(input: Tensor, { p, generator }: Dropping): Tensor {
  if (p === 1) return input.mul(0)
  const index = generatorIndex('dropout', generator)
  const bytes = Math.ceil(input.numel() / 8)
  const [output] = runMany(
    dropoutOp,
    [input],
    [
      { shape: input._shape, dtype: input._dtype },
      { shape: [bytes], dtype: UINT8 },
    ],
    [index, p],
    { p },
  )
  return output as Tensor
}

/**
 * Zeroes each element with probability `p` and divides the others by 1 - p, so that the expected
 * value stays. Returns `input` itself where there is nothing to do: not `training`, or p = 0.
 *
 * Shapes: input `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {ValueError} if `p` is outside of [0, 1]. @throws {DTypeError} if input is not floating.
 * @see torch.nn.functional.dropout; torch.dropout
 *
 * @example
 * ```ts
 * import { dropout, manualSeed, ones } from '@flambeau/core'
 * manualSeed(0)
 * console.log(dropout(ones([6]), 0.5)) // tensor([0., 0., 2., 0., 0., 0.])
 * ```
 */
export function dropout(input: Tensor, ...given: DropoutArguments): Tensor {
  return inEitherPlace('dropout', input, given, dropElements)
}

/** {@link dropout}, writing into `input`. @see torch.dropout_ */
export function dropout_(input: Tensor, ...given: DropoutArguments): Tensor {
  return inEitherPlace('dropout_', input, given, dropElements, true)
}

/** A 1 for what stays and a 0 for what goes: of the tensor's shape, or for each channel. */
function keptOf(op: string, input: Tensor, { p, generator }: Dropping, channels: boolean): Tensor {
  if (!channels) return emptyLike(input).bernoulli_(1 - p, { generator })
  if (input.ndim < 2) {
    throw new ShapeError(
      op,
      { input },
      `channels are the second axis, the input has ${input.ndim}`,
      'unsqueeze(0) adds a batch axis',
    )
  }
  const sizes = input._shape.map((size, i) => (i < 2 ? size : 1))
  return emptyCode(sizes, input._dtype, input).bernoulli_(1 - p, { generator })
}

function dropChannels(input: Tensor, dropping: Dropping): Tensor {
  if (dropping.p === 1) return input.mul(0)
  const kept = internally(() =>
    keptOf('featureDropout', input, dropping, true).div_(1 - dropping.p),
  )
  return input.mul(kept)
}

/**
 * {@link dropout} of whole channels: all elements of a channel go or stay together.
 *
 * Shapes: input `[N, C, *]` -> same. Dtype: floating, kept.
 *
 * @throws {ShapeError} if the input has fewer than 2 axes. @throws {ValueError, DTypeError}
 * @see torch.feature_dropout
 */
export function featureDropout(input: Tensor, ...given: DropoutArguments): Tensor {
  return inEitherPlace('featureDropout', input, given, dropChannels)
}

/** {@link featureDropout}, writing into `input`. @see torch.feature_dropout_ */
export function featureDropout_(input: Tensor, ...given: DropoutArguments): Tensor {
  return inEitherPlace('featureDropout_', input, given, dropChannels, true)
}

// What SELU tends to for large negative arguments: -scale · alpha.
const ALPHA = 1.7580993408473766

/** Elements go to SELU's lower limit; a line brings mean and variance back to 0 and 1. */
function dropAlpha(channels: boolean): (input: Tensor, dropping: Dropping) => Tensor {
  return (input, dropping) => {
    const { p } = dropping
    if (p === 1) return input.mul(0)
    const slope = 1 / Math.sqrt((ALPHA * ALPHA * p + 1) * (1 - p))
    return internally(() => {
      const kept = keptOf('alphaDropout', input, dropping, channels)
      const shift = kept
        .add(-1)
        .mul_(ALPHA * slope)
        .add_(ALPHA * slope * p)
      return input.mul(kept.mul_(slope)).add(shift)
    })
  }
}

const dropAlphaElements = dropAlpha(false)
const dropAlphaChannels = dropAlpha(true)

/**
 * Dropout that keeps mean 0 and variance 1, for networks with SELU: elements are set to SELU's lower
 * limit with probability `p`, and all are scaled and shifted.
 *
 * Shapes: input `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {ValueError} if `p` is outside of [0, 1]. @throws {DTypeError} if input is not floating.
 * @see Klambauer et al. 2017, https://arxiv.org/abs/1706.02515; torch.alpha_dropout
 */
export function alphaDropout(input: Tensor, ...given: DropoutArguments): Tensor {
  return inEitherPlace('alphaDropout', input, given, dropAlphaElements)
}

/** {@link alphaDropout}, writing into `input`. @see torch.alpha_dropout_ */
export function alphaDropout_(input: Tensor, ...given: DropoutArguments): Tensor {
  return inEitherPlace('alphaDropout_', input, given, dropAlphaElements, true)
}

/**
 * {@link alphaDropout} of whole channels.
 *
 * Shapes: input `[N, C, *]` -> same. Dtype: floating, kept.
 *
 * @throws {ShapeError} if the input has fewer than 2 axes. @throws {ValueError, DTypeError}
 * @see torch.feature_alpha_dropout
 */
export function featureAlphaDropout(input: Tensor, ...given: DropoutArguments): Tensor {
  return inEitherPlace('featureAlphaDropout', input, given, dropAlphaChannels)
}

/** {@link featureAlphaDropout}, writing into `input`. @see torch.feature_alpha_dropout_ */
export function featureAlphaDropout_(input: Tensor, ...given: DropoutArguments): Tensor {
  return inEitherPlace('featureAlphaDropout_', input, given, dropAlphaChannels, true)
}
