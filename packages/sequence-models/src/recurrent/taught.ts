/** Recurrent networks as courses write them, every step by hand. */
import type { Tensor } from '@flambeau/core'
import { cat, randn, ShapeError, stack, zeros } from '@flambeau/core'
import { requireCounts, requireTensor } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { requireSteps } from '../inputs.ts'

/** @throws {ShapeError} unless x is `[N, inputSize]` and the states `[N, hiddenSize]`. */
function requireStep(
  op: string,
  sizes: { inputSize: number; hiddenSize: number },
  x: Tensor,
  states: Record<string, Tensor>,
): void {
  requireTensor(op, 'x', x)
  for (const [name, state] of Object.entries(states)) requireTensor(op, name, state)
  const { inputSize, hiddenSize } = sizes
  const fits = Object.values(states).every(
    (s) => s.ndim === 2 && s.shape[0] === x.shape[0] && s.shape[1] === hiddenSize,
  )
  if (x.ndim === 2 && x.shape[1] === inputSize && fits) return
  const rule = `x must be [N, ${inputSize}] and states [N, ${hiddenSize}]`
  throw new ShapeError(op, { x, ...states }, rule, 'pass one step of each sequence')
}

/**
 * The recurrent cell as it is taught: h' = tanh(Whh · h + Wxh · x + bh), with weights from the
 * standard normal distribution times `scale`, and a bias of zeros. Inputs are rows, where lectures
 * draw columns.
 *
 * Shapes: x `[N, inputSize]`, h `[N, hiddenSize]` -> `[N, hiddenSize]`. State: Whh
 * `[hiddenSize, hiddenSize]`, Wxh `[hiddenSize, inputSize]`, bh `[hiddenSize, 1]`.
 *
 * @throws {ShapeError} for other shapes. @throws {ValueError} for sizes that cannot be.
 * @see Elman 1990, https://doi.org/10.1207/s15516709cog1402_1; nn.RNNCell, which has a bias more
 *
 * @example
 * ```ts
 * import { ones, zeros } from '@flambeau/core'
 * import { SimpleRNN } from '@flambeau/sequence-models'
 * const cell = new SimpleRNN(8, 3)
 * console.log(cell(ones([2, 3]), zeros([2, 8])).shape) // => [ 2, 8 ]
 * console.log(cell.sequence(ones([2, 5, 3])).shape) // => [ 2, 5, 8 ]
 * ```
 */
export class SimpleRNN extends nn.Module<[x: Tensor, hPrev: Tensor]> {
  readonly hiddenSize: number
  readonly inputSize: number
  Whh: nn.Parameter
  Wxh: nn.Parameter
  bh: nn.Parameter

  constructor(hiddenSize: number, inputSize: number, options: { scale?: number } = {}) {
    super()
    requireCounts('SimpleRNN', { hiddenSize, inputSize }, 1)
    const { scale = 1 } = options
    this.hiddenSize = hiddenSize
    this.inputSize = inputSize
    this.Whh = new nn.Parameter(randn([hiddenSize, hiddenSize]).mul(scale))
    this.Wxh = new nn.Parameter(randn([hiddenSize, inputSize]).mul(scale))
    this.bh = new nn.Parameter(zeros([hiddenSize, 1]))
  }

  override forward(x: Tensor, hPrev: Tensor): Tensor {
    requireStep('SimpleRNN', this, x, { hPrev })
    // The columns of a lecture, transposed: (W h)ᵀ = hᵀ Wᵀ.
    const fromPast = hPrev.matmul(this.Whh.t())
    const fromInput = x.matmul(this.Wxh.t())
    return fromPast.add(fromInput).add(this.bh.t()).tanh()
  }

  /**
   * The hidden states of a whole sequence: `[N, T, inputSize]` -> `[N, T, hiddenSize]`.
   *
   * @throws {ShapeError} for other shapes, or no step.
   */
  sequence(x: Tensor): Tensor {
    requireSteps('SimpleRNN.sequence', 'x', x, this.inputSize)
    let h = zeros([x.shape[0] as number, this.hiddenSize], { dtype: x.dtype })
    return stack(
      x.unbind(1).map((step) => (h = this(step, h))),
      1,
    )
  }
}

/**
 * The long short-term memory as it is taught, gate by gate: with v = [h, x]
 * f = σ(Wf v + bf), i = σ(Wi v + bi), c̃ = tanh(Wc v + bc), c' = f c + i c̃, o = σ(Wo v + bo),
 * h' = o tanh(c'). Weights are from the standard normal distribution times `scale`. Inputs are rows,
 * where lectures draw columns.
 *
 * Shapes: x `[N, inputSize]`, h and c `[N, hiddenSize]` -> two of `[N, hiddenSize]`. State: Wf, Wi, Wc,
 * Wo `[hiddenSize, hiddenSize + inputSize]`, bf, bi, bc, bo `[hiddenSize, 1]`.
 *
 * @throws {ShapeError} for other shapes. @throws {ValueError} for sizes that cannot be.
 * @see Hochreiter, Schmidhuber 1997, https://www.bioinf.jku.at/publications/older/2604.pdf; nn.LSTM
 *
 * @example
 * ```ts
 * import { ones, zeros } from '@flambeau/core'
 * import { TaughtLSTM } from '@flambeau/sequence-models'
 * const [h, c] = new TaughtLSTM(3, 8)(ones([2, 3]), zeros([2, 8]), zeros([2, 8]))
 * console.log(h.shape, c.shape) // => [ 2, 8 ] [ 2, 8 ]
 * ```
 */
export class TaughtLSTM extends nn.Module<
  [x: Tensor, hPrev: Tensor, cPrev: Tensor],
  [h: Tensor, c: Tensor]
> {
  readonly inputSize: number
  readonly hiddenSize: number
  Wf: nn.Parameter
  Wi: nn.Parameter
  Wc: nn.Parameter
  Wo: nn.Parameter
  bf: nn.Parameter
  bi: nn.Parameter
  bc: nn.Parameter
  bo: nn.Parameter

  constructor(inputSize: number, hiddenSize: number, options: { scale?: number } = {}) {
    super()
    requireCounts('TaughtLSTM', { inputSize, hiddenSize }, 1)
    const { scale = 1 } = options
    this.inputSize = inputSize
    this.hiddenSize = hiddenSize
    const weight = (): nn.Parameter =>
      new nn.Parameter(randn([hiddenSize, hiddenSize + inputSize]).mul(scale))
    const bias = (): nn.Parameter => new nn.Parameter(zeros([hiddenSize, 1]))
    this.Wf = weight()
    this.Wi = weight()
    this.Wc = weight()
    this.Wo = weight()
    this.bf = bias()
    this.bi = bias()
    this.bc = bias()
    this.bo = bias()
  }

  override forward(x: Tensor, hPrev: Tensor, cPrev: Tensor): [h: Tensor, c: Tensor] {
    requireStep('TaughtLSTM', this, x, { hPrev, cPrev })
    const combined = cat([hPrev, x], 1)
    const gate = (w: Tensor, b: Tensor): Tensor => combined.matmul(w.t()).add(b.t())
    const f = gate(this.Wf, this.bf).sigmoid()
    const i = gate(this.Wi, this.bi).sigmoid()
    const candidate = gate(this.Wc, this.bc).tanh()
    const c = f.mul(cPrev).add(i.mul(candidate))
    const o = gate(this.Wo, this.bo).sigmoid()
    return [o.mul(c.tanh()), c]
  }

  /**
   * The hidden states of a whole sequence: `[N, T, inputSize]` -> `[N, T, hiddenSize]`.
   *
   * @throws {ShapeError} for other shapes, or no step.
   */
  sequence(x: Tensor): Tensor {
    requireSteps('TaughtLSTM.sequence', 'x', x, this.inputSize)
    let h = zeros([x.shape[0] as number, this.hiddenSize], { dtype: x.dtype })
    let c = h
    const states = x.unbind(1).map((step) => {
      ;[h, c] = this(step, h, c)
      return h
    })
    return stack(states, 1)
  }
}
