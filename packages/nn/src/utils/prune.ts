/** Weights of which parts are kept at 0. @see torch.nn.utils.prune */
import { noGrad } from '@flambeau/autograd'
import { cat, IndexError, onesLike, rand, ShapeError, Tensor, ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireList, show } from '@flambeau/core/internal'
import type { AnyModule } from '../module.ts'
import { requireModule } from '../module.ts'
import {
  attachRule,
  detachRule,
  fieldsOf,
  ownParameter,
  removeField,
  ruleOf,
  weightsBy,
} from './weight-hooks.ts'

/** A mask, 1 where elements stay, for the scores of those that are there. */
type Rule = (scores: Tensor) => Tensor

/** A rule, and what it chooses among: elements, or channels of an axis. */
interface Method {
  rule: Rule
  /** The axis of the channels; undefined for elements. */
  axis?: number
}

const HOOK = 'prune'

/** A whole number is a count; a fraction below 1 is a share of `size`, rounded as in Python. */
function countOf(op: string, amount: unknown, size: number): number {
  const valid = typeof amount === 'number' && (amount < 1 || Number.isInteger(amount))
  if (!valid || amount < 0) {
    throw new ValueError(
      op,
      [],
      `amount is a share below 1, or a whole number of things, not ${show(amount)}`,
      'pass 0.3 for 30 %, or 3',
    )
  }
  if (amount >= 1 || amount === 0) {
    if (amount <= size) return amount
    const why = `amount (${amount}) must be at most what there is (${size})`
    throw new ValueError(op, [], why, 'pass a share, such as 0.3')
  }
  const exact = amount * size
  const floor = Math.floor(exact)
  if (exact - floor !== 0.5) return Math.round(exact)
  return floor + (floor % 2)
}

function requireAxis(op: string, tensor: Tensor, dim: unknown): number {
  if (tensor.ndim < 2) {
    const why = `channels need at least 2 axes, but there are ${tensor.ndim}`
    throw new ShapeError(op, { tensor }, why, 'prune elements instead')
  }
  const axis = (dim as number) < 0 ? (dim as number) + tensor.ndim : (dim as number)
  if (Number.isInteger(axis) && axis >= 0 && axis < tensor.ndim) return axis
  const why = `dim must be from ${-tensor.ndim} to ${tensor.ndim - 1}, not ${show(dim)}`
  throw new IndexError(op, { tensor }, why, 'pass { dim: 0 }')
}

/** The mask before, less what a method takes of what it left. */
function combined(scores: Tensor, mask: Tensor, { rule, axis }: Method): Tensor {
  if (axis === undefined) {
    const left = mask.reshape(-1).ne(0).nonzero().squeeze(1)
    const chosen = rule(scores.reshape(-1).indexSelect(0, left))
    return mask.reshape(-1).indexCopy(0, left, chosen.to(mask.dtype)).reshape(mask.shape)
  }
  const others = mask.shape.map((_, i) => i).filter((i) => i !== axis)
  const left = mask.sum(others).ne(0).nonzero().squeeze(1)
  const channels = rule(scores.indexSelect(axis, left)).to(mask.dtype)
  const shape = mask.shape.map((_, i) => (i === axis ? -1 : 1))
  const part = mask.indexSelect(axis, left).mul(channels.reshape(shape))
  return mask.indexCopy(axis, left, part)
}

function applyMethod(
  op: string,
  module: AnyModule,
  name: string,
  method: Method | ((tensor: Tensor) => Method),
  importanceScores: Tensor | null = null,
): void {
  const fields = fieldsOf(module)
  const again = ruleOf(module, name) === HOOK
  const current = (again ? fields[name] : ownParameter(op, module, name)) as Tensor
  const scores = (importanceScores ?? current).detach()
  if (scores.shape.join() !== current.shape.join()) {
    const why = `importanceScores must have the shape [${current.shape.join(', ')}] of '${name}'`
    throw new ShapeError(op, { importanceScores: scores }, why, 'give a score for each element')
  }
  const before = again ? (fields[`${name}_mask`] as Tensor) : onesLike(current.detach())
  const used = typeof method === 'function' ? method(current) : method
  const mask = noGrad(() => combined(scores, before, used))
  if (again) {
    fields[`${name}_mask`] = mask
    fields[name] = mask.mul(fields[`${name}_orig`] as Tensor)
    return
  }
  removeField(module, name)
  fields[`${name}_orig`] = current
  module.registerBuffer(`${name}_mask`, mask)
  attachRule(module, name, {
    op: HOOK,
    compute(owner) {
      const own = fieldsOf(owner)
      const original = own[`${name}_orig`] as Tensor
      return (own[`${name}_mask`] as Tensor).to(original.dtype).mul(original)
    },
  })
}

/** 1 everywhere but 0 at these places of the flat scores. */
function without(scores: Tensor, places: Tensor): Tensor {
  return onesLike(scores).indexFill(0, places, 0)
}

const smallest =
  (op: string, amount: number): Rule =>
  (scores) => {
    const count = countOf(op, amount, scores.numel())
    if (count === 0) return onesLike(scores)
    return without(scores, scores.abs().topk(count, { largest: false }).indices)
  }

const anywhere =
  (op: string, amount: number): Rule =>
  (scores) => {
    const count = countOf(op, amount, scores.numel())
    if (count === 0) return onesLike(scores)
    return without(
      scores,
      rand(scores.shape, { dtype: scores.dtype as 'float32', device: scores.device }).topk(count)
        .indices,
    )
  }

/** What takes the name of a parameter. */
export interface PruneOptions {
  /** The parameter's name. */
  name: string
}

/** What takes how much to prune. */
export interface AmountOptions extends PruneOptions {
  /** A share below 1, or from 1 on a number of elements or channels. */
  amount: number
}

/** What takes scores too. */
export interface ScoredOptions extends AmountOptions {
  /** What decides in place of the weight's own values; of its shape. Default null. */
  importanceScores?: Tensor | null
}

/** What takes an axis of channels. */
export interface StructuredOptions extends AmountOptions {
  /** The axis whose channels are pruned. Default -1. */
  dim?: number
}

/** What takes the order of a norm of channels. */
export interface LnOptions extends ScoredOptions {
  /** The order of the norm. */
  n: number
  /** The axis whose channels are pruned. */
  dim: number
}

type One = Arguments<PruneOptions, ['name']>

/**
 * Makes a weight ready for pruning without pruning any of it. Returns the module.
 *
 * @throws {ValueError} if there is no parameter of this name.
 * @see torch.nn.utils.prune.identity
 */
export function identity<M extends AnyModule>(module: M, ...given: One): M {
  const [name] = parameters<[string]>('identity', ['name'])(given) as [string]
  applyMethod('identity', module, name, { rule: (scores) => onesLike(scores) })
  return module
}

/**
 * Keeps randomly chosen elements of a weight at 0: weight = weight_orig · weight_mask, computed
 * before each call. Pruned again, it chooses among those that are left. Returns the module.
 *
 * State-dict names: `weight_orig`, and the buffer `weight_mask`.
 *
 * @throws {ValueError} if there is no parameter of this name, or not so much to prune.
 * @see torch.nn.utils.prune.random_unstructured
 */
export function randomUnstructured<M extends AnyModule>(
  module: M,
  ...given: Arguments<AmountOptions, ['name', 'amount']>
): M {
  const op = 'randomUnstructured'
  const read = parameters<[string, number]>(op, ['name', 'amount'])(given)
  const [name, amount] = read as [string, number]
  applyMethod(op, module, name, { rule: anywhere(op, amount) })
  return module
}

const SCORED = ['name', 'amount', 'importanceScores'] as const

/**
 * Keeps the smallest elements of a weight at 0: weight = weight_orig · weight_mask, computed before
 * each call. Pruned again, it chooses among those that are left. Returns the module.
 *
 * State-dict names: `weight_orig`, and the buffer `weight_mask`.
 *
 * @throws {ValueError} if there is no parameter of this name, or not so much to prune.
 * @throws {ShapeError} for importanceScores of another shape.
 * @see torch.nn.utils.prune.l1_unstructured
 *
 * @example
 * ```ts
 * import * as nn from '@flambeau/nn'
 * const layer = nn.utils.prune.l1Unstructured(new nn.Linear(4, 5), 'weight', 0.3)
 * console.log(layer.weight.eq(0).sum().item()) // => 6
 * nn.utils.prune.remove(layer, 'weight')
 * console.log(Object.keys(layer.stateDict())) // => [ 'bias', 'weight' ]
 * ```
 */
export function l1Unstructured<M extends AnyModule>(
  module: M,
  ...given: Arguments<ScoredOptions, typeof SCORED>
): M {
  const op = 'l1Unstructured'
  const read = parameters<[string, number, Tensor | null]>(op, SCORED)(given)
  const [name, amount, scores] = read as [string, number, (Tensor | null)?]
  applyMethod(op, module, name, { rule: smallest(op, amount) }, scores)
  return module
}

const STRUCTURED = ['name', 'amount', 'dim'] as const

/**
 * Keeps randomly chosen channels of a weight at 0. Returns the module.
 *
 * @throws {ValueError} as {@link l1Unstructured}. @throws {ShapeError, IndexError} if there are no
 * channels along `dim`.
 * @see torch.nn.utils.prune.random_structured
 */
export function randomStructured<M extends AnyModule>(
  module: M,
  ...given: Arguments<StructuredOptions, typeof STRUCTURED>
): M {
  const op = 'randomStructured'
  const read = parameters<[string, number, number]>(op, STRUCTURED)(given)
  const [name, amount, dim = -1] = read as [string, number, number?]
  applyMethod(op, module, name, (weight) => {
    const axis = requireAxis(op, weight, dim)
    return {
      axis,
      rule(scores) {
        const channels = scores.shape[axis] as number
        const count = countOf(op, amount, channels)
        const drawn = rand([channels])
        return count === 0 ? onesLike(drawn) : drawn.gt(drawn.kthvalue(count).values)
      },
    }
  })
  return module
}

const LN = ['name', 'amount', 'n', 'dim', 'importanceScores'] as const

/**
 * Keeps the channels of the smallest norm at 0. Returns the module.
 *
 * @throws {ValueError} as {@link l1Unstructured}. @throws {ShapeError, IndexError} if there are no
 * channels along `dim`.
 * @see torch.nn.utils.prune.ln_structured
 */
export function lnStructured<M extends AnyModule>(
  module: M,
  ...given: Arguments<LnOptions, typeof LN>
): M {
  const op = 'lnStructured'
  const read = parameters<[string, number, number, number, Tensor | null]>(op, LN)(given)
  const [name, amount, n, dim, importance] = read as [string, number, number, number, Tensor?]
  const method = (weight: Tensor): Method => {
    const axis = requireAxis(op, weight, dim)
    const rule: Rule = (scores) => {
      const channels = scores.shape[axis] as number
      const keep = channels - countOf(op, amount, channels)
      const rows = scores.movedim(axis, 0).reshape([channels, -1])
      const kept = rows.norm(n, 1).topk(keep).indices
      return without(rows.select(1, 0), kept).sub(1).neg()
    }
    return { axis, rule }
  }
  applyMethod(op, module, name, method, importance)
  return module
}

const CUSTOM = ['name', 'mask'] as const

/**
 * Keeps the elements of a weight at 0 where `mask`, of its shape, is 0. Returns the module.
 *
 * @throws {ValueError} if there is no parameter of this name. @throws {ShapeError} for a mask of
 * another shape.
 * @see torch.nn.utils.prune.custom_from_mask
 */
export function customFromMask<M extends AnyModule>(
  module: M,
  ...given: Arguments<PruneOptions & { mask: Tensor }, typeof CUSTOM>
): M {
  const op = 'customFromMask'
  const [name, mask] = parameters<[string, Tensor]>(op, CUSTOM)(given) as [string, Tensor]
  const method = (weight: Tensor): Method => {
    if (mask instanceof Tensor && mask.shape.join() === weight.shape.join()) {
      const before = fieldsOf(module)[`${name}_mask`]
      const flat = mask.reshape(-1)
      // The rule is asked for the elements that are left.
      const left = before instanceof Tensor ? before.reshape(-1).ne(0).nonzero().squeeze(1) : null
      return { rule: () => (left === null ? flat : flat.indexSelect(0, left)) }
    }
    const why = `mask must have the shape [${weight.shape.join(', ')}] of '${name}'`
    throw new ShapeError(op, mask instanceof Tensor ? { mask } : [], why, 'onesLike(weight)')
  }
  applyMethod(op, module, name, method)
  return module
}

/** What {@link globalUnstructured} takes by name. */
export interface GlobalOptions {
  /** How elements are chosen: {@link l1Unstructured} or {@link randomUnstructured}. */
  pruningMethod: typeof l1Unstructured | typeof randomUnstructured
  /** A share below 1 of all elements together, or from 1 on a number of them. */
  amount: number
}

/**
 * Prunes several weights as if they were one: the smallest elements of all, or random ones.
 *
 * @throws {ValueError} if there is no weight, no parameter of such a name, or not so much to prune.
 * @see torch.nn.utils.prune.global_unstructured
 */
export function globalUnstructured(
  weights: Iterable<readonly [module: AnyModule, name: string]>,
  options: GlobalOptions,
): void {
  const op = 'globalUnstructured'
  const { pruningMethod = null, amount = 0 } = (options ?? {}) as Partial<GlobalOptions>
  requireList(op, 'weights', weights ?? [], 'a list of [module, name]')
  const list = [...(weights ?? [])]
  if (list.length === 0) throw new ValueError(op, [], 'there are no weights', "[[layer, 'weight']]")
  const random = pruningMethod === randomUnstructured
  if (!random && pruningMethod !== l1Unstructured) {
    const why = 'pruningMethod must choose elements'
    throw new ValueError(op, [], why, 'pass l1Unstructured or randomUnstructured')
  }
  const now = list.map(([module, name]) => {
    const pruned = ruleOf(module, name) === HOOK
    return (pruned ? fieldsOf(module)[name] : ownParameter(op, module, name)) as Tensor
  })
  const mask = noGrad(() => {
    const masks = list.map(([module, name], i) => {
      const known = fieldsOf(module)[`${name}_mask`]
      return (known instanceof Tensor ? known : onesLike(now[i] as Tensor)).reshape(-1)
    })
    const scores = cat(now.map((one) => one.detach().reshape(-1)))
    return combined(scores, cat(masks), { rule: (random ? anywhere : smallest)(op, amount) })
  })
  const sizes = now.map((one) => one.numel())
  for (const [i, part] of mask.split(sizes).entries()) {
    const [module, name] = list[i] as readonly [AnyModule, string]
    customFromMask(module, name, part.reshape((now[i] as Tensor).shape))
  }
}

/**
 * Makes what is left of a pruned weight the parameter again. Returns the module.
 *
 * @throws {ValueError} if the weight is not pruned.
 * @see torch.nn.utils.prune.remove
 */
export function remove<M extends AnyModule>(module: M, ...given: One): M {
  const [name] = parameters<[string]>('remove', ['name'])(given) as [string]
  const fields = fieldsOf(module)
  const weight = noGrad(() => detachRule('remove', HOOK, module, name))
  const original = fields[`${name}_orig`] as Tensor
  for (const key of [`${name}_orig`, `${name}_mask`]) removeField(module, key)
  // The same object: an optimizer may have it.
  original.data = weight
  fields[name] = original
  return module
}

/** Is a weight of this module, or of one below it, pruned? @see torch.nn.utils.prune.is_pruned */
export function isPruned(module: AnyModule): boolean {
  requireModule('isPruned', module)
  return [...module.modules()].some((one) => weightsBy(one, HOOK).length > 0)
}
