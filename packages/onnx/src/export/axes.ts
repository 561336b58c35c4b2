/** Dynamic axes: their names, and the sizes with which a module is traced to see what follows them. */
import { arange, ShapeError, ValueError } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'

/** Dynamic axes by input: axes with a name, or axes alone; axes of one name have one size. */
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
      axes.set(axis, symbol)
    }
    return { name, tensor, axes }
  })
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

/**
 * Sizes to trace with: one trace as it is, one for each axis with another size, and one where all
 * differ, against which what was found is checked. Several proposals, as not every size suits every
 * model: multiples (images), a little more (texts), a little less (up to a maximum).
 */
export function proposals(sizes: ReadonlyMap<string, number>): Map<string, number>[][] {
  if (sizes.size === 0) return [[new Map()]]
  const ways: ((n: number, k: number) => number)[] = [
    (n, k) => (n > 1 ? n * (k + 1) : n * (k + 2)),
    (n, k) => Math.max(n, 2) + [0, 1, 3][k]!,
    (n, k) => n - [0, 1, 2][k]!,
  ]
  const names = [...sizes.keys()]
  return ways.flatMap((way, i) => {
    if (i === 2 && [...sizes.values()].some((n) => n < 4)) return []
    // Different names have different sizes, as far as possible.
    const size = (name: string, k: number): number => way(sizes.get(name) as number, k)
    const base = new Map(names.map((name) => [name, size(name, 0)]))
    const single = names.map((name) => new Map([...base, [name, size(name, 1)]]))
    const all = new Map(names.map((name) => [name, size(name, 2)]))
    return [[base, ...single, all]]
  })
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
