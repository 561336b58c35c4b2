/** How far back a network's gradient reaches. */
import { grad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { ShapeError } from '@flambeau/core'
import { requireFunction, requireTensor } from '@flambeau/core/internal'

/**
 * The length of the gradient of the last output with respect to the input of each step: how much a
 * step long ago still counts. It falls with the distance if gradients vanish, as those of plain
 * recurrent networks do, and grows if they explode.
 *
 * Shapes: x `[N, T, features]`, `run(x)` `[N, T, *]` -> T numbers, from the first step to the last, means over
 * the batch of the norms of ∂(sum of the last output)/∂x[:, t].
 *
 * @throws {ShapeError} for other shapes.
 * @see Bengio, Simard and Frasconi 1994, https://doi.org/10.1109/72.279181
 *
 * @example
 * ```ts
 * import { manualSeed, randn } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * import { gradientNormByStep } from '@flambeau/sequence-models'
 * manualSeed(0)
 * const rnn = new nn.RNN(4, 16, { batchFirst: true })
 * const norms = gradientNormByStep((x) => rnn(x)[0], randn([8, 30, 4]))
 * console.log(norms.length, norms[0]! < 1e-3 * norms[29]!) // => 30 true
 * ```
 */
export function gradientNormByStep(run: (x: Tensor) => Tensor, x: Tensor): number[] {
  requireFunction('gradientNormByStep', 'run', run)
  requireTensor('gradientNormByStep', 'x', x)
  if (x.ndim !== 3 || x.shape.includes(0)) {
    const rule = 'x must be [N, T, features], none of them 0'
    throw new ShapeError('gradientNormByStep', { x }, rule, 'pass whole sequences')
  }
  const input = x.detach().clone().requiresGrad_()
  const output = run(input)
  requireTensor('gradientNormByStep', 'what run gives', output)
  if (output.ndim < 2 || output.shape[1] !== x.shape[1]) {
    const rule = `what run gives must be [N, ${x.shape[1] as number}, *]`
    throw new ShapeError('gradientNormByStep', { x, output }, rule, 'give the outputs of all steps')
  }
  const [gradient] = grad(output.select(1, -1).sum(), [input])
  return (gradient as Tensor).norm(2, 2).mean(0).tolist() as number[]
}
