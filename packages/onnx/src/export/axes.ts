/** Dynamic axes: their names, and the sizes with which a module is traced to see what follows them. */
import { arange, ShapeError, ValueError } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'

/**
 * Dynamic axes by input: axes with a name, or axes alone; axes of one name have one size. A name may
 * say what the sizes are multiples of: `'16*height'`.
 */
export type DynamicAxes = Readonly<
  Record<string, Readonly<Record<number, string>> | readonly number[]>
>

/** An input of the graph. */
export interface GraphInput {
  readonly name: string
  readonly tensor: Tensor
  /** Names of its dynamic axes. */
  readonly axes: ReadonlyMap<number, string>
}

const OP = 'exportOnnx'

/** The inputs with their dynamic axes. @throws {ValueError} for what is no input or no axis. */
export function withAxes(
  tensors: readonly { name: string; tensor: Tensor }[],
  dynamicAxes: DynamicAxes,
  outputs: readonly string[],
): GraphInput[] {
  const names = tensors.map(({ name }) => name)
  for (const name of Object.keys(dynamicAxes)) {
    if (names.includes(name) || outputs.includes(name)) continue
    const rule = `dynamicAxes names '${name}', which is no input`
    throw new ValueError(OP, [], rule, `inputs are: ${names.join(', ')}`)
  }
  return tensors.map(({ name, tensor }) => {
    const given = dynamicAxes[name] ?? {}
    const list: [string, string][] = Array.isArray(given)
      ? given.map((axis: number) => [
          String(axis),
          `${name}_axis_${axis < 0 ? axis + tensor.ndim : axis}`,
        ])
      : Object.entries(given as Record<number, string>)
    const axes = new Map<number, string>()
    for (const [written, symbol] of list) {
      const axis = Number(written) < 0 ? Number(written) + tensor.ndim : Number(written)
      if (!Number.isInteger(axis) || axis < 0 || axis >= tensor.ndim) {
        const rule = `dynamicAxes names axis ${written} of '${name}', which has ${tensor.ndim}`
        throw new ValueError(OP, { [name]: tensor }, rule, 'axes count from 0')
      }
      if (typeof symbol !== 'string' || symbol === '') {
        const rule = `axis ${written} of '${name}' needs a name`
        throw new ValueError(OP, { [name]: tensor }, rule, "{ x: { 0: 'batch' } }, or { x: [0] }")
      }
      requireMultiple(name, tensor, axis, symbol)
      axes.set(axis, symbol)
    }
    return { name, tensor, axes }
  })
}

/** What the sizes of a dynamic axis are multiples of. */
function factorOf(symbol: string): number {
  return Number(/^([1-9]\d*)\*/.exec(symbol)?.[1] ?? 1)
}

function requireMultiple(name: string, tensor: Tensor, axis: number, symbol: string): void {
  const size = tensor.shape[axis] as number
  if (size % factorOf(symbol) === 0) return
  const rule = `axis ${axis} of '${name}' has size ${size}, which is no multiple of ${factorOf(symbol)} as '${symbol}' says`
  throw new ShapeError(OP, { [name]: tensor }, rule, 'give another example')
}

/** The size of each dynamic axis, by name. @throws {ShapeError} if axes of one name differ. */
export function sizesOf(inputs: readonly GraphInput[]): Map<string, number> {
  const sizes = new Map<string, number>()
  for (const { name, tensor, axes } of inputs) {
    for (const [axis, symbol] of axes) {
      const size = tensor.shape[axis] as number
      const known = sizes.get(symbol)
      if (known !== undefined && known !== size) {
        const rule = `axis ${axis} of '${name}' has size ${size}, another axis named '${symbol}' has ${known}`
        throw new ShapeError(
          OP,
          { [name]: tensor },
          rule,
          'give axes of different sizes different names',
        )
      }
      if (size === 0) {
        const rule = `axis ${axis} of '${name}' is empty`
        throw new ShapeError(
          OP,
          { [name]: tensor },
          rule,
          'give an example with at least one element',
        )
      }
      sizes.set(symbol, size)
    }
  }
  return sizes
}

/** Sizes to trace with. */
export interface Proposal {
  /** The module must run with all of these. */
  readonly sizes: readonly ReadonlyMap<string, number>[]
  /** And do the same with these, if it runs with them at all. */
  readonly odd: ReadonlyMap<string, number> | null
}

/**
 * Sizes to trace with: one trace as it is, one for each axis with another size, and one where all
 * differ, against which what was found is checked. Several proposals, as not every size suits every
 * model: multiples (images), a little more (texts), a little less (up to a maximum). Multiples alone
 * would not show what is rounded.
 */
export function proposals(sizes: ReadonlyMap<string, number>): Proposal[] {
  if (sizes.size === 0) return [{ sizes: [new Map()], odd: null }]
  type Way = (n: number) => number
  const names = [...sizes.keys()]
  const all = (way: Way): Map<string, number> =>
    new Map(
      names.map((name) => {
        const factor = factorOf(name)
        return [name, factor * way(Math.max((sizes.get(name) as number) / factor, 2))]
      }),
    )
  const proposal = (ways: readonly [Way, Way, Way], odd: Way | null): Proposal => {
    const base = all(ways[0])
    const other = all(ways[1])
    const single = names.map((name) => new Map([...base, [name, other.get(name) as number]]))
    return { sizes: [base, ...single, all(ways[2])], odd: odd === null ? null : all(odd) }
  }
  const out = [
    proposal([(n) => n, (n) => 2 * n, (n) => 3 * n], (n) => 2 * n + 1),
    proposal([(n) => n, (n) => n + 1, (n) => n + 3], null),
  ]
  if (names.every((name) => (sizes.get(name) as number) >= 4 * factorOf(name))) {
    out.push(proposal([(n) => n, (n) => n - 1, (n) => n - 2], null))
  }
  return out
}

/** An example with other sizes of its dynamic axes: elements are repeated or left out. */
export function resized({ tensor, axes }: GraphInput, sizes: ReadonlyMap<string, number>): Tensor {
  let out = tensor
  for (const [axis, symbol] of axes) {
    const [from, to] = [tensor.shape[axis] as number, sizes.get(symbol) as number]
    if (from === to) continue
    out = out.indexSelect(axis, arange(to, { dtype: 'int64' }).remainder(from))
  }
  return out
}
