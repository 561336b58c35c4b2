/** Ready parametrizations of weights. @see torch.nn.utils.parametrizations */
import { noGrad } from '@flambeau/autograd'
import {
  cat,
  eye,
  linalg,
  matrixExp,
  randn,
  ShapeError,
  Tensor,
  ValueError,
  zerosLike,
} from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, show } from '@flambeau/core/internal'
import { normalize } from '../functional/normalization.ts'
import { ConvNd } from '../layers/conv.ts'
import { onCopy } from '../layers/copy.ts'
import type { AnyModule } from '../module.ts'
import { Module, requireModule } from '../module.ts'
import { orthogonalized, reflectorsOf } from './householder.ts'
import type { Parametrized } from './parametrize.ts'
import { registerParametrization } from './parametrize.ts'
import type { SpectralNormOptions } from './spectral-norm.ts'
import { asMatrix, iterate, outputAxis, randomDirection, requireRounds } from './spectral-norm.ts'
import { lengthsOf, normAxis, weightOf } from './weight-norm.ts'

/** A tensor that is to be parametrized. @throws {ValueError} if there is none of this name. */
function tensorOf(op: string, module: AnyModule, name: string): Tensor {
  requireModule(op, module)
  const { [name]: tensor } = module as unknown as Record<string, Tensor | null | undefined>
  if (tensor instanceof Tensor) return tensor
  throw new ValueError(
    op,
    [],
    `${module.constructor.name} has no parameter or buffer ${show(name)}`,
    'print its stateDict() to see the names',
  )
}

/** Loads `weight_g` and `weight_v` as what they are now, also in copies. */
function takeOldNames(module: AnyModule, name: string): void {
  const renamed = ['g', 'v'].map((end, i) => [`${name}_${end}`, `original${i}`] as const)
  module.registerLoadStateDictPreHook((_module, state, prefix) => {
    if (!renamed.every(([old]) => `${prefix}${old}` in state)) return
    for (const [old, key] of renamed) {
      state[`${prefix}parametrizations.${name}.${key}`] = state[`${prefix}${old}`] as Tensor
      delete state[`${prefix}${old}`]
    }
  })
  onCopy(module, (copy) => takeOldNames(copy, name))
}

class _WeightNorm extends Module<[lengths: Tensor, direction: Tensor]> {
  readonly dim: number

  constructor(dim: number) {
    super()
    this.dim = dim
  }

  override forward(lengths: Tensor, direction: Tensor): Tensor {
    return weightOf(direction, lengths, this.dim)
  }

  rightInverse(weight: Tensor): [lengths: Tensor, direction: Tensor] {
    return [lengthsOf(weight, this.dim), weight.clone()]
  }
}

/** What {@link weightNorm} takes by name. */
export interface WeightNormParametrizationOptions<Name extends string = string> {
  /** The parameter's name. Default 'weight'. */
  name?: Name
  /** The axis that has lengths of its own; null or -1 for one length of all. Default 0. */
  dim?: number | null
}

const WEIGHT_NORM = ['name', 'dim'] as const

/**
 * Learns the length and the direction of a weight apart, as `original0` and `original1` of its
 * parametrization: weight = original0 · original1 / |original1|. State dicts with `weight_g` and
 * `weight_v` can be loaded too. Returns the module.
 *
 * @throws {ValueError} if there is no tensor of this name. @throws {IndexError} for an axis that it
 * does not have.
 * @see Salimans, Kingma 2016, https://arxiv.org/abs/1602.07868;
 * torch.nn.utils.parametrizations.weight_norm
 *
 * @example
 * ```ts
 * import * as nn from '@flambeau/nn'
 * const layer = nn.utils.parametrizations.weightNorm(new nn.Linear(20, 40))
 * console.log(layer.parametrizations.weight.original0?.shape) // => [ 40, 1 ]
 * ```
 */
export function weightNorm<M extends AnyModule, Name extends string = 'weight'>(
  module: M,
  ...given: Arguments<WeightNormParametrizationOptions<Name>, typeof WEIGHT_NORM>
): M & Parametrized<Name> {
  const op = 'weightNorm'
  const [name = 'weight', dim = 0] = parameters<[string, number | null]>(op, WEIGHT_NORM)(given)
  const rule = new _WeightNorm(normAxis(op, tensorOf(op, module, name), dim))
  registerParametrization(module, name, rule, true)
  takeOldNames(module, name)
  return module as M & Parametrized<Name>
}

class _SpectralNorm extends Module {
  readonly dim: number
  readonly eps: number
  readonly nPowerIterations: number
  declare _u: Tensor
  declare _v: Tensor

  constructor(weight: Tensor, dim: number, rounds: number, eps: number) {
    super()
    this.dim = dim
    this.eps = eps
    this.nPowerIterations = rounds
    // The norm of a vector is known without a search.
    if (weight.ndim < 2) return
    noGrad(() => {
      const matrix = asMatrix(weight, dim)
      const [rows, columns] = matrix.shape as [number, number]
      this.registerBuffer('_u', randomDirection(weight, rows, eps))
      this.registerBuffer('_v', randomDirection(weight, columns, eps))
      iterate(matrix, this._u, this._v, { rounds: 15, eps, first: 'u' })
    })
  }

  override forward(weight: Tensor): Tensor {
    const { dim, eps, nPowerIterations: rounds } = this
    if (weight.ndim < 2) return normalize(weight, { dim: 0, eps })
    const matrix = asMatrix(weight, dim)
    if (this.training) iterate(matrix, this._u, this._v, { rounds, eps, first: 'u' })
    // Copies: the next call changes the buffers, and this one's gradient needs them as they are.
    return weight.div(this._u.clone().dot(matrix.mv(this._v.clone())))
  }

  rightInverse(value: Tensor): Tensor {
    return value
  }
}

const SPECTRAL_NORM = ['name', 'nPowerIterations', 'eps', 'dim'] as const

/** What {@link spectralNorm} takes by name. */
export interface SpectralNormParametrizationOptions<
  Name extends string = string,
> extends SpectralNormOptions {
  /** The parameter's name. Default 'weight'. */
  name?: Name
}

/**
 * Divides a weight by its largest singular value, which the power method finds: a few rounds each
 * time that the weight is computed while training. The vectors are the buffers `_u` and `_v` of the
 * parametrization. Returns the module.
 *
 * @throws {ValueError} if there is no tensor of this name, or nPowerIterations is not a whole number
 * ≥ 1. @throws {IndexError} for an axis that is not there.
 * @see Miyato et al. 2018, https://arxiv.org/abs/1802.05957;
 * torch.nn.utils.parametrizations.spectral_norm
 *
 * @example
 * ```ts
 * import { linalg } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * const layer = nn.utils.parametrizations.spectralNorm(new nn.Linear(20, 40))
 * console.log(linalg.matrixNorm(layer.weight, 2).item() < 1.3) // => true
 * ```
 */
export function spectralNorm<M extends AnyModule, Name extends string = 'weight'>(
  module: M,
  ...given: Arguments<SpectralNormParametrizationOptions<Name>, typeof SPECTRAL_NORM>
): M & Parametrized<Name> {
  const op = 'spectralNorm'
  const read = parameters<[string, number, number, number | null]>(op, SPECTRAL_NORM)(given)
  const [name = 'weight', rounds = 1, eps = 1e-12] = read
  requireRounds(op, rounds, eps)
  const weight = tensorOf(op, module, name)
  const dim = read[3] ?? (module instanceof ConvNd && module.transposed ? 1 : 0)
  const rule = new _SpectralNorm(weight, outputAxis(op, weight, dim), rounds, eps)
  return registerParametrization(module, name as Name, rule)
}

/** Ways from a matrix to one with orthonormal columns. */
export type OrthogonalMap = 'matrixExp' | 'matrix_exp' | 'cayley' | 'householder'

class _Orthogonal extends Module {
  readonly map: OrthogonalMap
  readonly trivialized: boolean
  /** The matrix that the learnt one turns. */
  declare base: Tensor | null

  constructor(map: OrthogonalMap, trivialized: boolean) {
    super()
    this.map = map
    this.trivialized = trivialized
    if (trivialized) this.registerBuffer('base', null)
  }

  override forward(input: Tensor): Tensor {
    const wide = (input.shape.at(-2) as number) < (input.shape.at(-1) as number)
    const x = wide ? input.mT : input
    const [n, k] = x.shape.slice(-2) as [number, number]
    let q = this.map === 'householder' ? this.reflected(x) : this.turned(x, n, k)
    if (this.trivialized && this.base !== null) q = this.base.matmul(q)
    return wide ? q.mT : q
  }

  /** The product of the reflections that the columns below the diagonal stand for. */
  private reflected(x: Tensor): Tensor {
    const below = x.tril(-1)
    const tau = below.square().sum(-2).add(1).reciprocal().mul(2)
    const q = linalg.householderProduct(below, tau)
    // The diagonal holds signs, which are not learnt; weight decay may make them smaller.
    return q.mul(x.detach().diagonal(0, -2, -1).sign().unsqueeze(-2))
  }

  /** The rotation that the skew-symmetric matrix of the lower triangle stands for. */
  private turned(x: Tensor, n: number, k: number): Tensor {
    const lower = x.tril()
    const rest = [...x.shape.slice(0, -1), n - k]
    const square = n === k ? lower : cat([lower, lower.newZeros(rest)], -1)
    const skew = square.sub(square.mT)
    if (this.map !== 'cayley') return matrixExp(skew).narrow(-1, 0, k)
    const one = eye(n, { dtype: x.dtype, device: x.device })
    return linalg.solve(one.sub(skew.mul(0.5)), one.add(skew.mul(0.5))).narrow(-1, 0, k)
  }

  rightInverse(value: Tensor): Tensor | undefined {
    // Nobody knows which matrix these maps would take there.
    if (!this.trivialized && this.map !== 'householder') return undefined
    return noGrad(() => {
      const wide = (value.shape.at(-2) as number) < (value.shape.at(-1) as number)
      const q = wide ? value.mT : value
      const [n, k] = q.shape.slice(-2) as [number, number]
      if (!this.trivialized) {
        const reflectors = reflectorsOf(q)
        return wide ? reflectors.mT : reflectors
      }
      if (n === k) this.base = isOrthogonal(q) ? q.clone() : orthogonalized(q)
      else {
        const more = randn([...q.shape.slice(0, -1), n - k], {
          dtype: q.dtype as 'float32',
          device: q.device,
        })
        this.base = orthogonalized(cat([q, more], -1))
      }
      const start = zerosLike(value)
      start.diagonal(0, -2, -1).fill_(-1)
      return start
    })
  }
}

function isOrthogonal(q: Tensor): boolean {
  const [n, k] = q.shape.slice(-2) as [number, number]
  const step = q.dtype === 'float64' ? 2 ** -52 : 2 ** -23
  const product = q.mT.matmul(q)
  const one = eye(k, { dtype: q.dtype, device: q.device }).expand(product.shape)
  return product.allclose(one, { atol: 10 * n * step })
}

/** What {@link orthogonal} takes by name. */
export interface OrthogonalOptions<Name extends string = string> {
  /** The parameter's name. Default 'weight'. */
  name?: Name
  /** How. Default 'matrixExp' for square matrices, 'householder' for others. */
  orthogonalMap?: OrthogonalMap | null
  /** Start from the present matrix, kept in the buffer `base`. Default true. */
  useTrivialization?: boolean
}

const ORTHOGONAL = ['name', 'orthogonalMap', 'useTrivialization'] as const

/**
 * Keeps the columns of a matrix (its rows, where these are fewer) orthonormal, starting from the
 * orthogonal matrix next to the present one. More axes are batches of matrices. Returns the module.
 *
 * The maps: the exponential of a skew-symmetric matrix A, Cayley's (I - A/2)⁻¹ · (I + A/2), or a
 * product of Householder reflections.
 *
 * @throws {ValueError} if there is no tensor of this name, or for another map; setting the weight
 * throws without useTrivialization but for 'householder'. @throws {ShapeError} if it is no matrix.
 * @see Lezcano-Casado 2019, https://arxiv.org/abs/1909.09501;
 * torch.nn.utils.parametrizations.orthogonal
 *
 * @example
 * ```ts
 * import { eye } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * const layer = nn.utils.parametrizations.orthogonal(new nn.Linear(20, 40))
 * const { weight } = layer // [40, 20]
 * console.log(weight.t().matmul(weight).allclose(eye(20), { atol: 1e-5 })) // => true
 * ```
 */
export function orthogonal<M extends AnyModule, Name extends string = 'weight'>(
  module: M,
  ...given: Arguments<OrthogonalOptions<Name>, typeof ORTHOGONAL>
): M & Parametrized<Name> {
  const op = 'orthogonal'
  const read = parameters<[string, OrthogonalMap | null, boolean]>(op, ORTHOGONAL)(given)
  const [name = 'weight', map = null, trivialized = true] = read
  const weight = tensorOf(op, module, name)
  if (weight.ndim < 2) {
    const why = `'${name}' must be a matrix or a batch of them, but has ${weight.ndim} axes`
    throw new ShapeError(op, { weight }, why, 'choose another tensor')
  }
  const maps = ['matrixExp', 'matrix_exp', 'cayley', 'householder']
  if (map !== null && !maps.includes(map)) {
    const why = `there is no orthogonalMap ${show(map)}`
    throw new ValueError(op, [], why, "use 'matrixExp', 'cayley' or 'householder'")
  }
  const square = weight.shape.at(-1) === weight.shape.at(-2)
  const rule = new _Orthogonal(map ?? (square ? 'matrixExp' : 'householder'), trivialized)
  return registerParametrization(module, name as Name, rule, true)
}
