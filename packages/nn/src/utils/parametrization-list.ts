/** What stands in the place of a parametrized tensor. */
import { noGrad } from '@flambeau/autograd'
import { DTypeError, ShapeError, Tensor, ValueError } from '@flambeau/core'
import { requireInstance, requireList, requireTensor } from '@flambeau/core/internal'
import type { AnyModule } from '../module.ts'
import { Module } from '../module.ts'
import { Parameter } from '../parameter.ts'

/** Makes a tensor of one that is learnt, or of several. A module with, perhaps, the way back. */
export interface Parametrization extends AnyModule {
  /** What the parametrization would make `value` of: a tensor, or several; undefined if it cannot. */
  rightInverse?(value: Tensor): Tensor | readonly Tensor[] | undefined
}

const OP = 'registerParametrization'

function isTensors(value: unknown): value is readonly Tensor[] {
  return Array.isArray(value) && value.every((one) => one instanceof Tensor)
}

function requireParametrization(rule: unknown): void {
  requireInstance(OP, 'a parametrization', rule, Module, 'class Symmetric extends nn.Module')
}

/** Calls a parametrization. @throws {ValueError} if it returns no tensor. */
export function parametrized(rule: Parametrization, ...originals: readonly Tensor[]): Tensor {
  const result: unknown = (rule as unknown as (...args: readonly Tensor[]) => unknown)(...originals)
  if (result instanceof Tensor) return result
  throw new ValueError(
    OP,
    [],
    `${rule.constructor.name} must return a tensor, not ${typeof result}`,
    'return one from its forward',
  )
}

/** @throws {DTypeError, ShapeError} if `after` is of another kind than `before`. */
export function requireSameKind(what: string, before: Tensor, after: Tensor): void {
  const fix = 'pass { unsafe: true } if that is wanted'
  if (after.dtype !== before.dtype) {
    const rule = `${what} must keep the dtype ${before.dtype}, but gives ${after.dtype}`
    throw new DTypeError(OP, { before, after }, rule, fix)
  }
  if (after.shape.join() === before.shape.join()) return
  const [from, to] = [before, after].map((one) => `[${one.shape.join(', ')}]`)
  throw new ShapeError(
    OP,
    { before, after },
    `${what} must keep the shape ${from}, but gives ${to}`,
    fix,
  )
}

/** Sets a parameter or buffer of a module. */
export function setTensor(module: AnyModule, name: string, tensor: Tensor): void {
  if (tensor instanceof Parameter) module.registerParameter(name, tensor)
  else module.registerBuffer(name, tensor)
}

/**
 * The parametrizations of one tensor, in the order in which they are applied, and the tensors that are
 * learnt in its place: `original`, or `original0`, `original1`, … where the way back of the first one
 * gives several. `registerParametrization` makes these.
 *
 * @see torch.nn.utils.parametrize.ParametrizationList
 *
 * @example
 * ```ts
 * import * as nn from '@flambeau/nn'
 * const layer = nn.utils.parametrizations.weightNorm(new nn.Linear(2, 3))
 * const list = layer.parametrizations.weight
 * console.log(list.length, list.original0?.shape, list().shape) // => 1 [ 3, 1 ] [ 3, 2 ]
 * ```
 */
export class ParametrizationList extends Module<[]> {
  [index: number]: Parametrization
  /** The tensor that is learnt, if it is one. */
  declare original?: Tensor
  /** The first one of several. */
  declare original0?: Tensor
  /** The second one of several. */
  declare original1?: Tensor
  /** Dtype and shape may change. */
  unsafe: boolean
  /** How many tensors are learnt, if they are several. */
  readonly ntensors: number
  /** Is one tensor learnt? */
  readonly isTensor: boolean

  constructor(modules: readonly Parametrization[], original: Tensor, unsafe = false) {
    super()
    requireList(OP, 'modules', modules, 'a list of parametrizations')
    for (const rule of modules) requireParametrization(rule)
    if (modules.length === 0) {
      throw new ValueError(OP, [], 'there is no parametrization', 'pass one or more')
    }
    requireTensor(OP, 'original', original)
    this.unsafe = unsafe
    const learnt = noGrad(() =>
      modules.reduceRight<Tensor | readonly Tensor[]>(
        (value, rule) => rule.rightInverse?.(value as Tensor) ?? value,
        original,
      ),
    )
    this.isTensor = learnt instanceof Tensor
    this.ntensors = isTensors(learnt) ? learnt.length : 1
    const [before] = [original.detach()]
    if (learnt instanceof Tensor) {
      if (learnt.dtype !== original.dtype) requireSameKind('rightInverse', original, learnt)
      // The same object: an optimizer may have it already.
      if (learnt !== original) original.data = learnt.detach()
      setTensor(this, 'original', original)
    } else if (isTensors(learnt)) {
      learnt.forEach((one, i) => {
        const { requiresGrad } = original
        setTensor(
          this,
          `original${i}`,
          original instanceof Parameter ? new Parameter(one, requiresGrad) : one,
        )
      })
    } else {
      throw new ValueError(
        OP,
        [],
        'rightInverse must return a tensor or an array of tensors',
        'return what forward takes',
      )
    }
    for (const rule of modules) this.append(rule)
    if (!unsafe) requireSameKind('a parametrization', before, this.forward())
  }

  /** How many parametrizations there are. */
  override get length(): number {
    let count = 0
    while (this[count] instanceof Module) count++
    return count
  }

  /** The tensors that are learnt. */
  originals(): Tensor[] {
    const fields = this as unknown as Record<string, Tensor>
    if (this.isTensor) return [fields['original'] as Tensor]
    return Array.from({ length: this.ntensors }, (_, i) => fields[`original${i}`] as Tensor)
  }

  /** Adds a parametrization that is applied after the others. */
  append(rule: Parametrization): this {
    requireParametrization(rule)
    this[this.length] = rule
    return this
  }

  /**
   * Changes the learnt tensors so that the parametrized one becomes `value`.
   *
   * @throws {ValueError} if a parametrization has no way back, or it gives other tensors than before.
   */
  rightInverse(value: Tensor): void {
    const fail = (rule: string, fix: string): never => {
      throw new ValueError('rightInverse', { value }, rule, fix)
    }
    if (!(value instanceof Tensor)) fail('only a tensor can be set', 'pass one')
    noGrad(() => {
      let learnt: Tensor | readonly Tensor[] = value
      for (let i = this.length - 1; i >= 0; i--) {
        const rule = this[i] as Parametrization
        learnt =
          rule.rightInverse?.(learnt as Tensor) ??
          fail(`${rule.constructor.name} has no way back`, 'give its class a rightInverse method')
      }
      const originals = this.originals()
      const list = learnt instanceof Tensor && this.isTensor ? [learnt] : learnt
      if (!isTensors(list) || list.length !== originals.length) {
        return fail(
          `the way back must give ${this.isTensor ? 'a tensor' : `${this.ntensors} tensors`}`,
          'return as many as when it was registered',
        )
      }
      originals.forEach((original, i) => {
        const one = list[i] as Tensor
        if (one.dtype !== original.dtype) {
          fail(
            `the way back gives ${one.dtype}, but ${original.dtype} is learnt`,
            `convert with to('${original.dtype}')`,
          )
        }
      })
      originals.forEach((original, i) => {
        const one = list[i] as Tensor
        // What is learnt must not follow later changes of the value.
        original.data = (one === value ? one.clone() : one).detach()
      })
    })
  }

  override forward(): Tensor {
    let result = parametrized(this[0] as Parametrization, ...this.originals())
    for (let i = 1; i < this.length; i++) result = parametrized(this[i] as Parametrization, result)
    return result
  }
}
