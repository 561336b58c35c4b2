import type { Arguments } from '@flambeau/core/internal'
import { Tensor, ValueError, zerosLike } from '@flambeau/core'
import { outsideScopes, show } from '@flambeau/core/internal'
import type { ParamGroup, Params, StepItem } from './optimizer.ts'
import { Optimizer, paramsOf, requireRange } from './optimizer.ts'
import { optionReader } from './options.ts'

export interface MuonOptions {
  /** Learning rate. Default 1e-3. */
  lr?: number
  /** Shrinks the parameters by lr · weightDecay at each step. Default 0.1. */
  weightDecay?: number
  /** Decay of the running mean of gradients. Default 0.95. */
  momentum?: number
  /** Nesterov's momentum. Default true. */
  nesterov?: boolean
  /** Coefficients of the Newton-Schulz iteration. Default [3.4445, -4.775, 2.0315]. */
  nsCoefficients?: readonly [number, number, number]
  /** Smallest norm that is divided by. Default 1e-7. */
  eps?: number
  /** Newton-Schulz iterations, below 100. Default 5. */
  nsSteps?: number
  /** How the learning rate follows from a matrix's shape. Default null, as 'original'. */
  adjustLrFn?: 'original' | 'match_rms_adamw' | null
}

type Full = Required<MuonOptions>

const NAMES = [
  'lr',
  'weightDecay',
  'momentum',
  'nesterov',
  'nsCoefficients',
  'eps',
  'nsSteps',
  'adjustLrFn',
] as const
type MuonArguments = Arguments<MuonOptions, typeof NAMES>
const read = optionReader<MuonOptions>('Muon', NAMES)

/**
 * Muon, for matrices: steps along the running mean of gradients with all its singular values
 * brought close to 1, by Newton-Schulz iterations in bfloat16. Vectors and embeddings want another
 * optimizer.
 *
 * @throws {ValueError} for options outside of their range, or parameters that are no matrices.
 * @see Jordan et al. 2024, https://kellerjordan.github.io/posts/muon; torch.optim.Muon
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import '@flambeau/autograd'
 * import { Muon } from '@flambeau/optim'
 * const x = ones([2, 3], { requiresGrad: true })
 * const optimizer = new Muon([x], { lr: 0.1 })
 * x.square().sum().backward()
 * optimizer.step()
 * console.log(x.at(0, 0).item() < 1) // => true
 * ```
 */
export class Muon extends Optimizer<Full> {
  constructor(params: Params<MuonOptions>, ...given: MuonArguments) {
    super(params as Params<Full>, {
      lr: 1e-3,
      weightDecay: 0.1,
      momentum: 0.95,
      nesterov: true,
      nsCoefficients: [3.4445, -4.775, 2.0315],
      eps: 1e-7,
      nsSteps: 5,
      adjustLrFn: null,
      ...read(given),
    })
  }

  override addParamGroup(group: { params: Iterable<Tensor> | Tensor } & Partial<Full>): void {
    const params = paramsOf('Muon', group)
    params.forEach((param, i) => {
      // What is no tensor is refused for all optimizers alike.
      if (!(param instanceof Tensor) || param.ndim === 2) return
      throw new ValueError(
        'Muon',
        { [`params[${i}]`]: param },
        `parameters must have 2 axes, not ${param.ndim}`,
        'give the others to another optimizer, such as AdamW',
      )
    })
    super.addParamGroup(Object.assign({}, group, { params: params as Tensor[] }))
  }

  protected override checkOptions(options: Full): void {
    for (const name of ['lr', 'momentum', 'weightDecay'] as const)
      requireRange('Muon', name, options[name])
    requireRange('Muon', 'nsSteps', options.nsSteps, 100)
    if (options.nsCoefficients?.length !== 3) {
      throw new ValueError('Muon', [], 'nsCoefficients are three numbers', 'leave them out')
    }
    const known: unknown[] = ['original', 'match_rms_adamw', null]
    if (!known.includes(options.adjustLrFn)) {
      throw new ValueError(
        'Muon',
        [],
        `there is no adjustLrFn ${show(options.adjustLrFn)}`,
        "use 'original' or 'match_rms_adamw'",
      )
    }
  }

  protected override stepGroup(group: ParamGroup & Full, items: readonly StepItem[]): void {
    for (const { param, grad, state } of items) {
      state['momentum_buffer'] ??= outsideScopes(() => zerosLike(param))
      const buffer = state['momentum_buffer'] as Tensor
      buffer.lerp_(grad, 1 - group.momentum)
      const mean = group.nesterov ? grad.lerp(buffer, group.momentum) : buffer
      const change = orthogonal(mean, group).to(param.dtype)
      param.mul_(1 - group.lr * group.weightDecay)
      param.sub_(change.mul(group.lr * ratio(param, group.adjustLrFn)))
    }
  }
}

/** The matrix with its singular values brought close to 1, in bfloat16. */
function orthogonal(matrix: Tensor, { nsCoefficients, nsSteps, eps }: Full): Tensor {
  const [a, b, c] = nsCoefficients
  const tall = (matrix.shape[0] as number) > (matrix.shape[1] as number)
  const wide = tall ? matrix.bfloat16().t() : matrix.bfloat16()
  let x = wide.div(wide.norm().clamp({ min: eps }))
  for (let i = 0; i < nsSteps; i++) {
    const gram = x.matmul(x.t())
    const update = gram.addmm(gram, gram, { beta: b, alpha: c })
    x = x.addmm(update, x, { beta: a })
  }
  return tall ? x.t() : x
}

function ratio(param: Tensor, adjust: Full['adjustLrFn']): number {
  const [rows, columns] = param.shape as readonly [number, number]
  return adjust === 'match_rms_adamw'
    ? 0.2 * Math.sqrt(Math.max(rows, columns))
    : Math.sqrt(Math.max(1, rows / columns))
}
