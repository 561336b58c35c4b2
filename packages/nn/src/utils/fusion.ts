/** Batch normalisation taken into the layer before it, for evaluation. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { ShapeError, ValueError, onesLike, zeros, zerosLike } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import { requireTensor } from '../functional/inputs.ts'
import type { ChannelNorm } from '../layers/channel-norm.ts'
import type { ConvNd } from '../layers/conv.ts'
import { copyModule } from '../layers/copy.ts'
import type { Linear } from '../layers/linear.ts'
import { requireModule } from '../module.ts'
import { Parameter } from '../parameter.ts'

function requireEvaluation(
  op: string,
  layer: { training: boolean },
  bn: ChannelNorm,
): { mean: Tensor; variance: Tensor } {
  requireModule(op, layer)
  requireModule(op, bn)
  if (layer.training || bn.training) {
    throw new ValueError(op, [], 'layers are fused for evaluation', 'call eval() on both before')
  }
  const { running_mean: mean, running_var: variance } = bn
  if (mean !== null && variance !== null) return { mean, variance }
  throw new ValueError(
    op,
    [],
    'the normalisation has no running statistics',
    'make it with trackRunningStats: true',
  )
}

/** Tensors of a normalisation, by name. */
export interface BnTensors {
  /** The running mean. */
  bnRm: Tensor
  /** The running variance. */
  bnRv: Tensor
  /** What is added to the variance. */
  bnEps: number
  /** The factors; null for none. */
  bnW: Tensor | null
  /** The summands; null for none. */
  bnB: Tensor | null
}

/** What {@link fuseConvBnWeights} takes by name. */
export interface FuseConvWeights extends BnTensors {
  /** The bias of the convolution; null for none. */
  convB: Tensor | null
  /** Is the weight that of a transposed convolution? Default false. */
  transpose?: boolean
}

/** What {@link fuseLinearBnWeights} takes by name. */
export interface FuseLinearWeights extends BnTensors {
  /** The bias of the layer; null for none. */
  linearB: Tensor | null
}

const CONV_WEIGHTS = ['convB', 'bnRm', 'bnRv', 'bnEps', 'bnW', 'bnB', 'transpose'] as const
const LINEAR_WEIGHTS = ['linearB', 'bnRm', 'bnRv', 'bnEps', 'bnW', 'bnB'] as const
const CONV = ['bn', 'transpose'] as const

type Weights = [Tensor | null, Tensor, Tensor, number, Tensor | null, Tensor | null]

const readConvWeights = parameters<[...Weights, boolean]>('fuseConvBnWeights', CONV_WEIGHTS)
const readLinearWeights = parameters<Weights>('fuseLinearBnWeights', LINEAR_WEIGHTS)

/**
 * The weight and bias of a convolution that does what the convolution and a batch normalisation after
 * it do in evaluation.
 *
 * Shapes: convW `[out, …]`, or `[in, out, …]` with `transpose`; all others `[out]`.
 *
 * @throws {ShapeError} if the channels differ.
 * @see torch.nn.utils.fuse_conv_bn_weights
 */
export function fuseConvBnWeights(
  convW: Tensor,
  ...given: Arguments<FuseConvWeights, typeof CONV_WEIGHTS>
): [weight: Parameter, bias: Parameter] {
  const read = readConvWeights(given) as [...Weights, boolean?]
  const [convB, bnRm, bnRv, bnEps, bnW, bnB, turned = false] = read
  requireTensor('fuseConvBnWeights', 'convW', convW)
  requireTensor('fuseConvBnWeights', 'bnRm', bnRm)
  requireTensor('fuseConvBnWeights', 'bnRv', bnRv)
  const axis = turned ? 1 : 0
  if (convW.shape[axis] !== bnRm.shape[0]) {
    throw new ShapeError(
      'fuseConvBnWeights',
      { convW, bnRm },
      `convW.shape[${axis}] (${convW.shape[axis]}) must equal the channels of the statistics (${bnRm.shape[0]})`,
      'normalise the outputs of this convolution',
    )
  }
  return noGrad(() => {
    const scale = (bnW ?? onesLike(bnRm)).mul(bnRv.add(bnEps).rsqrt())
    const shape = convW.shape.map((_, i) => (i === axis ? -1 : 1))
    const weight = convW.mul(scale.reshape(shape)).to(convW.dtype)
    const bias = (convB ?? zerosLike(bnRm))
      .sub(bnRm)
      .mul(scale)
      .add(bnB ?? zerosLike(bnRm))
      .to((convB ?? convW).dtype)
    return [
      new Parameter(weight, convW.requiresGrad),
      new Parameter(bias, convB?.requiresGrad ?? false),
    ]
  })
}

/**
 * A copy of a convolution that does what it and a batch normalisation after it do in evaluation.
 *
 * @throws {ValueError} unless both are in evaluation and there are running statistics.
 * @throws {ShapeError} if the channels differ.
 * @see torch.nn.utils.fuse_conv_bn_eval
 *
 * @example
 * ```ts
 * import * as nn from '@flambeau/nn'
 * const [conv, norm] = [new nn.Conv2d(3, 8, 3, { bias: false }), new nn.BatchNorm2d(8)]
 * console.log(nn.utils.fuseConvBnEval(conv.eval(), norm.eval()).bias?.shape) // => [ 8 ]
 * ```
 */
export function fuseConvBnEval<C extends ConvNd>(
  conv: C,
  ...given: Arguments<{ bn: ChannelNorm; transpose?: boolean }, typeof CONV>
): C {
  const read = parameters<[ChannelNorm, boolean]>('fuseConvBnEval', CONV)(given)
  const [bn, transpose = false] = read as [ChannelNorm, boolean?]
  const { mean, variance } = requireEvaluation('fuseConvBnEval', conv, bn)
  const fused = copyModule(conv as unknown as ConvNd)
  const { weight, bias } = fused
  const both = fuseConvBnWeights(
    weight,
    bias,
    mean,
    variance,
    bn.eps,
    bn.weight,
    bn.bias,
    transpose,
  )
  ;[fused.weight, fused.bias] = both
  return fused as unknown as C
}

/**
 * The weight and bias of a linear layer that does what the layer and a batch normalisation after it
 * do in evaluation.
 *
 * Shapes: linearW `[out, in]`; all others `[out]`, those of the normalisation also `[1]`.
 *
 * @throws {ShapeError} if the features differ.
 * @see torch.nn.utils.fuse_linear_bn_weights
 */
export function fuseLinearBnWeights(
  linearW: Tensor,
  ...given: Arguments<FuseLinearWeights, typeof LINEAR_WEIGHTS>
): [weight: Parameter, bias: Parameter] {
  const [linearB, bnRm, bnRv, bnEps, bnW, bnB] = readLinearWeights(given) as Weights
  requireTensor('fuseLinearBnWeights', 'linearW', linearW)
  requireTensor('fuseLinearBnWeights', 'bnRm', bnRm)
  requireTensor('fuseLinearBnWeights', 'bnRv', bnRv)
  const [out, features] = [linearW.shape[0], bnRm.shape[0]]
  if (out !== features && features !== 1) {
    throw new ShapeError(
      'fuseLinearBnWeights',
      { linearW, bnRm },
      `the statistics must have as many features as linearW outputs (${out}), or 1, not ${features}`,
      'normalise the outputs of this layer',
    )
  }
  return noGrad(() => {
    const scale = (bnW ?? onesLike(bnRm)).mul(bnRv.add(bnEps).rsqrt())
    const weight = linearW.mul(scale.unsqueeze(-1).to(linearW.dtype))
    const start =
      linearB ??
      zeros([out as number], { dtype: linearW.dtype as 'float32', device: linearW.device })
    const bias = start
      .sub(bnRm)
      .mul(scale)
      .add(bnB ?? zerosLike(bnRm))
      .to((linearB ?? linearW).dtype)
    return [
      new Parameter(weight, linearW.requiresGrad),
      new Parameter(bias, linearB?.requiresGrad ?? false),
    ]
  })
}

/**
 * A copy of a linear layer that does what it and a batch normalisation after it do in evaluation.
 *
 * @throws {ValueError} unless both are in evaluation and there are running statistics.
 * @throws {ShapeError} if the features differ.
 * @see torch.nn.utils.fuse_linear_bn_eval
 */
export function fuseLinearBnEval<L extends Linear>(
  linear: L,
  ...given: Arguments<{ bn: ChannelNorm }, ['bn']>
): L {
  const [bn] = parameters<[ChannelNorm]>('fuseLinearBnEval', ['bn'])(given) as [ChannelNorm]
  const { mean, variance } = requireEvaluation('fuseLinearBnEval', linear, bn)
  const fused = copyModule(linear as Linear)
  const { weight, bias } = fused
  ;[fused.weight, fused.bias] = fuseLinearBnWeights(
    weight,
    bias,
    mean,
    variance,
    bn.eps,
    bn.weight,
    bn.bias,
  )
  return fused as L
}
