/** Initialisers. Each fills a tensor in place, without recording, and returns it. */
import { noGrad } from '@flambeau/autograd'
import type { Generator, Tensor } from '@flambeau/core'
import { empty, emptyLike, linalg, ShapeError, ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import {
  parameters,
  requireFunction,
  requireNumber,
  requireTensor,
  show,
} from '@flambeau/core/internal'

/** Nonlinearities with a known gain, by the names of their functions or as PyTorch writes them. */
export type Nonlinearity =
  | 'linear'
  | 'sigmoid'
  | 'tanh'
  | 'relu'
  | 'leakyRelu'
  | 'leaky_relu'
  | 'selu'
  | 'conv1d'
  | 'conv2d'
  | 'conv3d'
  | 'convTranspose1d'
  | 'convTranspose2d'
  | 'convTranspose3d'
  | 'conv_transpose1d'
  | 'conv_transpose2d'
  | 'conv_transpose3d'

/**
 * The factor that keeps variances equal through a nonlinearity.
 *
 * @param param Negative slope of `leakyRelu`; default 0.01.
 * @see torch.nn.init.calculate_gain
 */
export function calculateGain(
  nonlinearity: Nonlinearity,
  param?: number | null | { param?: number | null },
): number {
  const slope = typeof param === 'object' ? param?.param : param
  switch (nonlinearity) {
    case 'tanh':
      return 5 / 3
    case 'relu':
      return Math.SQRT2
    case 'leakyRelu':
    case 'leaky_relu':
      return Math.sqrt(2 / (1 + (slope ?? 0.01) ** 2))
    case 'selu':
      return 0.75
    case 'linear':
    case 'sigmoid':
    case 'conv1d':
    case 'conv2d':
    case 'conv3d':
    case 'convTranspose1d':
    case 'convTranspose2d':
    case 'convTranspose3d':
    case 'conv_transpose1d':
    case 'conv_transpose2d':
    case 'conv_transpose3d':
      return 1
    default:
      throw new ValueError(
        'calculateGain',
        [],
        `no gain is known for ${show(nonlinearity)}`,
        'use relu, leakyRelu, tanh, selu, sigmoid or linear',
      )
  }
}

/** Connections into and out of one unit of a weight `[out, in, ...kernel]`. */
function fans(op: string, tensor: Tensor): { fanIn: number; fanOut: number } {
  requireTensor(op, 'tensor', tensor)
  if (tensor.ndim < 2) {
    throw new ShapeError(
      op,
      { tensor },
      'fan in and fan out need at least 2 axes',
      'use uniform_ or normal_ for biases',
    )
  }
  const [out = 0, inputs = 0, ...kernel] = tensor.shape
  const field = kernel.reduce((a, b) => a * b, 1)
  return { fanIn: inputs * field, fanOut: out * field }
}

let skipping = false

/** Runs `body`, in which no initialiser draws or fills. @internal */
export function withoutInitialisers<T>(body: () => T): T {
  requireFunction('withoutInitialisers', 'body', body)
  const before = skipping
  skipping = true
  try {
    return body()
  } finally {
    skipping = before
  }
}

/** What initialisers that draw accept. */
export interface Drawing {
  /** Default: the default generator. */
  generator?: Generator | null
}

type GeneratorOption = Generator | null

const readUniform = parameters<[number, number, GeneratorOption]>('uniform_', [
  'a',
  'b',
  'generator',
])

/** Uniform over [a, b), default [0, 1). @see torch.nn.init.uniform_ */
export function uniform_(
  tensor: Tensor,
  ...given: Arguments<Drawing & { a?: number; b?: number }, ['a', 'b', 'generator']>
): Tensor {
  requireTensor('uniform_', 'tensor', tensor)
  const [a = 0, b = 1, generator = null] = readUniform(given)
  return skipping ? tensor : noGrad(() => tensor.uniform_(a, b, { generator }))
}

const readNormal = parameters<[number, number, GeneratorOption]>('normal_', [
  'mean',
  'std',
  'generator',
])

/** Normal with this mean (default 0) and standard deviation (1). @see torch.nn.init.normal_ */
export function normal_(
  tensor: Tensor,
  ...given: Arguments<Drawing & { mean?: number; std?: number }, ['mean', 'std', 'generator']>
): Tensor {
  requireTensor('normal_', 'tensor', tensor)
  const [mean = 0, std = 1, generator = null] = readNormal(given)
  return skipping ? tensor : noGrad(() => tensor.normal_(mean, std, { generator }))
}

export interface TruncNormalOptions extends Drawing {
  /** Default 0. */
  mean?: number
  /** Default 1. */
  std?: number
  /** The smallest value. Default -2. */
  a?: number
  /** The largest value. Default 2. */
  b?: number
}

const readTruncNormal = parameters<[number, number, number, number, GeneratorOption]>(
  'truncNormal_',
  ['mean', 'std', 'a', 'b', 'generator'],
)

/** The share of a normal distribution that lies below x. */
function normalBelow(x: number): number {
  // Abramowitz, Stegun 1964, 7.1.26: precise to 1.5e-7, for a comparison with 0.3.
  const z = Math.abs(x) / Math.SQRT2
  const t = 1 / (1 + 0.3275911 * z)
  const series =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  const erf = 1 - series * Math.exp(-z * z)
  return (1 + (x < 0 ? -erf : erf)) / 2
}

/**
 * Normal, but values outside of [a, b] are drawn again.
 *
 * Where that would take many rounds, uniform numbers of [a, b] are accepted with the probability
 * that the normal density has there, relative to its peak.
 *
 * @throws {ValueError} unless std > 0 and a < b.
 * @see torch.nn.init.trunc_normal_
 */
export function truncNormal_(
  tensor: Tensor,
  ...given: Arguments<TruncNormalOptions, ['mean', 'std', 'a', 'b', 'generator']>
): Tensor {
  requireTensor('truncNormal_', 'tensor', tensor)
  const [mean = 0, std = 1, a = -2, b = 2, generator = null] = readTruncNormal(given)
  for (const [name, value] of Object.entries({ mean, std, a, b })) {
    requireNumber('truncNormal_', name, value)
  }
  if (!(std > 0) || !(a < b) || !Number.isFinite(a) || !Number.isFinite(b)) {
    throw new ValueError(
      'truncNormal_',
      { tensor, mean, std, a, b },
      'std must be more than 0, and [a, b] a finite range',
      'pass { std: 1, a: -2, b: 2 }',
    )
  }
  if (skipping) return tensor
  const inside = normalBelow((b - mean) / std) - normalBelow((a - mean) / std)
  const draw = inside > 0.3 ? redrawNormal : acceptUniform
  noGrad(() => {
    draw(tensor, mean, std, a, b, generator)
  })
  return tensor
}

function redrawNormal(
  tensor: Tensor,
  mean: number,
  std: number,
  a: number,
  b: number,
  generator: GeneratorOption,
): void {
  let result = tensor.normal_(mean, std, { generator })
  while (true) {
    const outside = result.lt(a).logicalOr(result.gt(b))
    if (!outside.any().item()) break
    result = emptyLike(result).normal_(mean, std, { generator }).where(outside, result)
  }
  if (result !== tensor) tensor.copy_(result)
}

function acceptUniform(
  tensor: Tensor,
  mean: number,
  std: number,
  a: number,
  b: number,
  generator: GeneratorOption,
): void {
  const peak = -0.5 * ((Math.max(a, Math.min(mean, b)) - mean) / std) ** 2
  // The logarithm of the density, relative to its peak.
  const density = (x: Tensor): Tensor => x.sub(mean).div_(std).pow_(2).mul_(-0.5).sub_(peak)
  const refused = (x: Tensor): Tensor => emptyLike(x).uniform_({ generator }).log_().gt(density(x))
  let result = tensor.uniform_(a, b, { generator })
  let pending = refused(result)
  while (pending.any().item()) {
    const candidates = emptyLike(tensor).uniform_(a, b, { generator })
    result = candidates.where(pending, result)
    pending = refused(candidates).where(pending, pending)
  }
  if (result !== tensor) tensor.copy_(result)
}

/** One value everywhere. @see torch.nn.init.constant_ */
export function constant_(tensor: Tensor, val: number | { val: number }): Tensor {
  requireTensor('constant_', 'tensor', tensor)
  const value = typeof val === 'object' && val !== null ? val.val : val
  return skipping ? tensor : noGrad(() => tensor.fill_(value))
}

/** Zeros. @see torch.nn.init.zeros_ */
export function zeros_(tensor: Tensor): Tensor {
  return constant_(tensor, 0)
}

/** Ones. @see torch.nn.init.ones_ */
export function ones_(tensor: Tensor): Tensor {
  return constant_(tensor, 1)
}

/** The identity matrix, or its first rows or columns. @see torch.nn.init.eye_ */
export function eye_(tensor: Tensor): Tensor {
  requireTensor('eye_', 'tensor', tensor)
  if (tensor.ndim !== 2) {
    throw new ShapeError(
      'eye_',
      { tensor },
      `a matrix has 2 axes, not ${tensor.ndim}`,
      'use dirac_',
    )
  }
  return noGrad(() => {
    const count = Math.min(...tensor.shape)
    const places = Array.from({ length: count }, (_, i) => i)
    return tensor.zero_().setAt([places, places], 1)
  })
}

const readDirac = parameters<[number]>('dirac_', ['groups'])

/**
 * A convolution's weight that hands its inputs through: 1 in the middle of each kernel that leads
 * from a channel to the same channel (of its group), 0 elsewhere.
 *
 * @throws {ShapeError} unless the tensor has 3 to 5 axes and `groups` divides the first.
 * @see torch.nn.init.dirac_
 */
export function dirac_(
  tensor: Tensor,
  ...given: Arguments<{ groups?: number }, ['groups']>
): Tensor {
  requireTensor('dirac_', 'tensor', tensor)
  const [groups = 1] = readDirac(given)
  const [out = 0, inputs = 0, ...kernel] = tensor.shape
  if (tensor.ndim < 3 || tensor.ndim > 5 || !(groups >= 1) || out % groups !== 0) {
    throw new ShapeError(
      'dirac_',
      { tensor, groups },
      'a weight has 3, 4 or 5 axes, and as many outputs for each group',
      'use eye_ for matrices',
    )
  }
  const middle = kernel.map((size) => Math.floor(size / 2))
  const count = Math.min(out / groups, inputs)
  return noGrad(() => {
    tensor.zero_()
    for (let group = 0; group < groups; group++) {
      for (let i = 0; i < count; i++) {
        tensor.setAt([(group * out) / groups + i, i, ...middle], 1)
      }
    }
    return tensor
  })
}

/** What `orthogonal_` and the initialisers of Glorot and Bengio take after their tensor. */
export type GainArguments = Arguments<Drawing & { gain?: number }, ['gain', 'generator']>

const readGain = parameters<[number, GeneratorOption]>('init', ['gain', 'generator'])

/** Glorot, Bengio 2010: uniform within gain · sqrt(6 / (fanIn + fanOut)). @see torch.nn.init.xavier_uniform_ */
export function xavierUniform_(tensor: Tensor, ...given: GainArguments): Tensor {
  const [gain = 1, generator = null] = readGain(given)
  const { fanIn, fanOut } = fans('xavierUniform_', tensor)
  const bound = Math.sqrt(3) * (gain * Math.sqrt(2 / (fanIn + fanOut)))
  return uniform_(tensor, -bound, bound, { generator })
}

/** Glorot, Bengio 2010: normal with std gain · sqrt(2 / (fanIn + fanOut)). @see torch.nn.init.xavier_normal_ */
export function xavierNormal_(tensor: Tensor, ...given: GainArguments): Tensor {
  const [gain = 1, generator = null] = readGain(given)
  const { fanIn, fanOut } = fans('xavierNormal_', tensor)
  return normal_(tensor, 0, gain * Math.sqrt(2 / (fanIn + fanOut)), { generator })
}

/**
 * A random orthogonal matrix times `gain`: rows (or columns, where there are fewer) of length
 * `gain` that are at right angles. All axes but the first count as one.
 *
 * @throws {ShapeError} if the tensor has fewer than 2 axes.
 * @see Saxe, McClelland, Ganguli 2013, https://arxiv.org/abs/1312.6120; torch.nn.init.orthogonal_
 */
export function orthogonal_(tensor: Tensor, ...given: GainArguments): Tensor {
  requireTensor('orthogonal_', 'tensor', tensor)
  const [gain = 1, generator = null] = readGain(given)
  if (tensor.ndim < 2) {
    throw new ShapeError(
      'orthogonal_',
      { tensor },
      `a matrix has at least 2 axes, not ${tensor.ndim}`,
      'use normal_ for vectors',
    )
  }
  if (skipping || tensor.numel() === 0) return tensor
  return noGrad(() => {
    const rows = tensor.shape[0] as number
    const drawn = empty([rows, tensor.numel() / rows], {
      dtype: tensor.dtype,
      device: tensor.device,
    })
    drawn.normal_(0, 1, { generator })
    const wide = rows < (drawn.shape[1] as number)
    const [q, r] = linalg.qr(wide ? drawn.t() : drawn)
    // Signs of the diagonal make the factorisation unique, and the result uniform.
    const uniform = q.mul(r.diagonal().sign())
    return tensor.copy_((wide ? uniform.t() : uniform).mul(gain).reshape(tensor.shape))
  })
}

export interface KaimingOptions extends Drawing {
  /** Negative slope of the following leakyRelu. Default 0. */
  a?: number
  /** Keep the variance of activations (fanIn) or of gradients (fanOut). Default fanIn. */
  mode?: 'fanIn' | 'fanOut' | 'fan_in' | 'fan_out'
  /** Default leakyRelu. */
  nonlinearity?: Nonlinearity
}

/** What the initialisers of He et al. take after their tensor. */
export type KaimingArguments = Arguments<KaimingOptions, ['a', 'mode', 'nonlinearity', 'generator']>

const readKaiming = parameters<[number, string, Nonlinearity, GeneratorOption]>('kaiming', [
  'a',
  'mode',
  'nonlinearity',
  'generator',
])

function kaimingStd(
  op: string,
  tensor: Tensor,
  given: readonly unknown[],
): { std: number; generator: GeneratorOption } {
  const [a = 0, mode = 'fanIn', nonlinearity = 'leakyRelu', generator = null] = readKaiming(given)
  const { fanIn, fanOut } = fans(op, tensor)
  const fan =
    mode === 'fanIn' || mode === 'fan_in'
      ? fanIn
      : mode === 'fanOut' || mode === 'fan_out'
        ? fanOut
        : undefined
  if (fan === undefined) {
    throw new ValueError(
      op,
      { tensor },
      `there is no mode ${show(mode)}`,
      "use 'fanIn' or 'fanOut'",
    )
  }
  return { std: calculateGain(nonlinearity, a) / Math.sqrt(fan), generator }
}

/** He et al. 2015: uniform within sqrt(3) · gain / sqrt(fan). @see torch.nn.init.kaiming_uniform_ */
export function kaimingUniform_(tensor: Tensor, ...given: KaimingArguments): Tensor {
  requireTensor('kaimingUniform_', 'tensor', tensor)
  if (skipping || tensor.numel() === 0) return tensor
  const { std, generator } = kaimingStd('kaimingUniform_', tensor, given)
  const bound = Math.sqrt(3) * std
  return uniform_(tensor, -bound, bound, { generator })
}

/** He et al. 2015: normal with std gain / sqrt(fan). @see torch.nn.init.kaiming_normal_ */
export function kaimingNormal_(tensor: Tensor, ...given: KaimingArguments): Tensor {
  requireTensor('kaimingNormal_', 'tensor', tensor)
  if (skipping || tensor.numel() === 0) return tensor
  const { std, generator } = kaimingStd('kaimingNormal_', tensor, given)
  return normal_(tensor, 0, std, { generator })
}

/**
 * What PyTorch's layers start from: the weight by kaimingUniform_ with a = sqrt(5), which is
 * uniform within 1 / sqrt(fanIn), and the bias uniform within the same bound.
 *
 * @internal
 */
export function resetAffine(weight: Tensor, bias: Tensor | null): void {
  kaimingUniform_(weight, { a: Math.sqrt(5) })
  if (bias === null) return
  const { fanIn } = fans('resetParameters', weight)
  const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0
  uniform_(bias, -bound, bound)
}
