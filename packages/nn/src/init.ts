/** Initialisers. Each fills a tensor in place, without recording, and returns it. */
import type { Tensor } from '@flambeau/core'
import { ShapeError, ValueError } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'

/** Nonlinearities with a known gain. */
export type Nonlinearity =
  | 'linear'
  | 'sigmoid'
  | 'tanh'
  | 'relu'
  | 'leakyRelu'
  | 'selu'
  | 'conv1d'
  | 'conv2d'
  | 'conv3d'

/**
 * The factor that keeps variances equal through a nonlinearity.
 *
 * @param param Negative slope of `leakyRelu`; default 0.01.
 * @see torch.nn.init.calculate_gain
 */
export function calculateGain(nonlinearity: Nonlinearity, param?: number): number {
  switch (nonlinearity) {
    case 'tanh':
      return 5 / 3
    case 'relu':
      return Math.SQRT2
    case 'leakyRelu':
      return Math.sqrt(2 / (1 + (param ?? 0.01) ** 2))
    case 'selu':
      return 0.75
    case 'linear':
    case 'sigmoid':
    case 'conv1d':
    case 'conv2d':
    case 'conv3d':
      return 1
    default:
      throw new ValueError(
        'calculateGain',
        [],
        `no gain is known for '${String(nonlinearity)}'`,
        'use relu, leakyRelu, tanh, selu, sigmoid or linear',
      )
  }
}

/** Connections into and out of one unit of a weight `[out, in, ...kernel]`. */
function fans(op: string, tensor: Tensor): { fanIn: number; fanOut: number } {
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

/** Uniform over [a, b). @see torch.nn.init.uniform_ */
export function uniform_(tensor: Tensor, a = 0, b = 1): Tensor {
  return noGrad(() => tensor.uniform_(a, b))
}

/** Normal with this mean and standard deviation. @see torch.nn.init.normal_ */
export function normal_(tensor: Tensor, mean = 0, std = 1): Tensor {
  return noGrad(() => tensor.normal_(mean, std))
}

/** One value everywhere. @see torch.nn.init.constant_ */
export function constant_(tensor: Tensor, value: number): Tensor {
  return noGrad(() => tensor.fill_(value))
}

/** Zeros. @see torch.nn.init.zeros_ */
export function zeros_(tensor: Tensor): Tensor {
  return constant_(tensor, 0)
}

/** Ones. @see torch.nn.init.ones_ */
export function ones_(tensor: Tensor): Tensor {
  return constant_(tensor, 1)
}

/** Glorot, Bengio 2010: uniform within gain · sqrt(6 / (fanIn + fanOut)). @see torch.nn.init.xavier_uniform_ */
export function xavierUniform_(tensor: Tensor, gain = 1): Tensor {
  const { fanIn, fanOut } = fans('xavierUniform_', tensor)
  const bound = Math.sqrt(3) * (gain * Math.sqrt(2 / (fanIn + fanOut)))
  return uniform_(tensor, -bound, bound)
}

/** Glorot, Bengio 2010: normal with std gain · sqrt(2 / (fanIn + fanOut)). @see torch.nn.init.xavier_normal_ */
export function xavierNormal_(tensor: Tensor, gain = 1): Tensor {
  const { fanIn, fanOut } = fans('xavierNormal_', tensor)
  return normal_(tensor, 0, gain * Math.sqrt(2 / (fanIn + fanOut)))
}

export interface KaimingOptions {
  /** Negative slope of the following leakyRelu. Default 0. */
  a?: number
  /** Keep the variance of activations (fanIn) or of gradients (fanOut). Default fanIn. */
  mode?: 'fanIn' | 'fanOut'
  /** Default leakyRelu. */
  nonlinearity?: Nonlinearity
}

function kaimingStd(op: string, tensor: Tensor, options: KaimingOptions): number {
  const { a = 0, mode = 'fanIn', nonlinearity = 'leakyRelu' } = options
  const fan = fans(op, tensor)[mode]
  return calculateGain(nonlinearity, a) / Math.sqrt(fan)
}

/** He et al. 2015: uniform within sqrt(3) · gain / sqrt(fan). @see torch.nn.init.kaiming_uniform_ */
export function kaimingUniform_(tensor: Tensor, options: KaimingOptions = {}): Tensor {
  if (tensor.numel() === 0) return tensor
  const bound = Math.sqrt(3) * kaimingStd('kaimingUniform_', tensor, options)
  return uniform_(tensor, -bound, bound)
}

/** He et al. 2015: normal with std gain / sqrt(fan). @see torch.nn.init.kaiming_normal_ */
export function kaimingNormal_(tensor: Tensor, options: KaimingOptions = {}): Tensor {
  if (tensor.numel() === 0) return tensor
  return normal_(tensor, 0, kaimingStd('kaimingNormal_', tensor, options))
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
