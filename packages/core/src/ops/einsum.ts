/** Sums of products, said by labels: einsum. */
import { autocasting, inAutocast } from '../autocast-dispatch.ts'
import { requireTensor } from '../elementwise.ts'
import { ShapeError, ValueError } from '../errors.ts'
import { numElements } from '../shape.ts'
import { show } from '../show.ts'
import { isTensor } from '../scope.ts'
import type { Tensor } from '../tensor.ts'
import type { Equation } from './einsum-equation.ts'
import {
  einsumError,
  ELLIPSIS,
  equationOfLists,
  implicitOutput,
  parseEquation,
} from './einsum-equation.ts'
import { product } from './product-rules.ts'

/** Labels of the axes of an operand as numbers 0 … 51; `'...'` stands for any number of axes. */
export type AxisLabels = readonly (number | '...')[]

/** A tensor whose axes have labels, each once. */
interface Labelled {
  tensor: Tensor
  labels: readonly string[]
}

/**
 * Sums of products of tensors, said by labels of their axes: axes of one label have one size (or 1,
 * which is expanded) and are walked through together; what the result does not name is summed over.
 *
 * - `'ij,jk->ik'` is a matrix product, `'bij,bjk->bik'` one for batches, `'ij->ji'` a transposition;
 * - a label twice in one operand takes its diagonal: `'ii->i'`, and `'ii->'` is the trace;
 * - `'...'` stands for all axes without a label; those of several operands broadcast;
 * - without `->`, the result has the ellipsis and then, sorted, the labels that occur once;
 * - instead of letters, lists of numbers follow the operands, and one for the result the last of
 *   them: `einsum(a, [0, 1], b, [1, 2], [0, 2])`.
 *
 * Two operands at a time become one matrix product; which come first is chosen by the sizes. Dtype:
 * their common dtype.
 *
 * @throws {ValueError} for a mistake in the equation. @throws {ShapeError} for tensors that do not
 * fit it. @throws {DTypeError} for sums of products of bools.
 * @see torch.einsum
 *
 * @example
 * ```ts
 * import { arange, einsum } from '@flambeau/core'
 * console.log(einsum('ii->i', arange(9).reshape([3, 3]))) // => tensor([0, 4, 8])
 * ```
 */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor
export function einsum(equation: string, operands: readonly Tensor[]): Tensor
export function einsum(
  operand: Tensor,
  labels: AxisLabels,
  ...more: readonly (Tensor | AxisLabels)[]
): Tensor
export function einsum(first: unknown, ...rest: readonly unknown[]): Tensor {
  if (autocasting.on) return inAutocast('einsum', einsum, [first, ...rest])
  if (typeof first === 'string') {
    const [only] = rest
    const operands = rest.length === 1 && Array.isArray(only) ? (only as unknown[]) : rest
    return evaluate(parseEquation(first), operands)
  }
  return withLists([first, ...rest])
}

function withLists(given: readonly unknown[]): Tensor {
  const operands: unknown[] = []
  const labels: (number | string)[][] = []
  let at = 0
  for (; at < given.length && !Array.isArray(given[at]); at += 2) {
    const list = given[at + 1]
    if (!isTensor(given[at]) || !Array.isArray(list)) {
      throw new ValueError(
        'einsum',
        [],
        isTensor(given[at])
          ? `operand ${operands.length} is followed by ${show(list)} instead of its labels`
          : `the equation is a string, or tensors alternate with labels; not ${show(given[at])}`,
        "einsum('ij,jk->ik', a, b) or einsum(a, [0, 1], b, [1, 2])",
      )
    }
    operands.push(given[at])
    labels.push(list as (number | string)[])
  }
  const output = given[at]
  if (at + 1 < given.length || operands.length === 0) {
    throw new ValueError(
      'einsum',
      [],
      'tensors and their labels alternate, and the labels of the result come last',
      'einsum(a, [0, 1], b, [1, 2], [0, 2])',
    )
  }
  const result = output === undefined ? null : (output as (number | string)[])
  return evaluate(equationOfLists(labels, result), operands)
}

function evaluate(equation: Equation, operands: readonly unknown[]): Tensor {
  const { text } = equation
  operands.forEach((operand, i) => requireTensor('einsum', `operand ${i}`, operand))
  const tensors = operands as readonly Tensor[]
  if (tensors.length !== equation.operands.length) {
    throw einsumError(
      text,
      `the equation has ${equation.operands.length} operands, ${tensors.length} are given`,
      'operands are separated by commas',
    )
  }
  const spread = spreadEllipses(equation, tensors)
  let list = tensors.map((tensor, i) => diagonals(text, i, tensor, spread.operands[i] as string[]))
  checkSizes(text, list)
  while (list.length > 1) {
    const [i, j] = list.length === 2 ? [0, 1] : cheapestPair(list, spread.output)
    const rest = list.filter((_, k) => k !== i && k !== j)
    const kept = new Set([...spread.output, ...rest.flatMap((one) => one.labels)])
    list = [...rest, pairProduct(list[i] as Labelled, list[j] as Labelled, kept)]
  }
  const last = summed(list[0] as Labelled, (label) => !spread.output.includes(label))
  return ordered(last, spread.output)
}

/** With labels for the axes that ellipses stand for, the same ones counted from the last. */
function spreadEllipses(
  { operands, output, text }: Equation,
  tensors: readonly Tensor[],
): { operands: string[][]; output: string[] } {
  let most = 0
  const counts = operands.map((labels, i) => {
    const tensor = tensors[i] as Tensor
    const open = labels.includes(ELLIPSIS)
    const count = tensor.ndim - labels.length + Number(open)
    if (count < 0 || (count > 0 && !open)) {
      const named = labels.length - Number(open)
      throw new ShapeError(
        'einsum',
        [
          { name: 'equation', description: text },
          { name: `operand ${i}`, description: show(tensor) },
        ],
        `operand ${i} has ${tensor.ndim} axes, the equation ${open ? 'at least ' : ''}${named}`,
        "'...' stands for axes without a label",
      )
    }
    most = Math.max(most, count)
    return count
  })
  const names = Array.from({ length: most }, (_, i) => `...${i}`)
  const fill = (labels: readonly string[], count: number): string[] =>
    labels.flatMap((label) => (label === ELLIPSIS ? names.slice(most - count) : [label]))
  return {
    operands: operands.map((labels, i) => fill(labels, counts[i] as number)),
    output: fill(output ?? implicitOutput(operands), most),
  }
}

/** The diagonals of the axes that share a label. */
function diagonals(text: string, i: number, tensor: Tensor, labels: readonly string[]): Labelled {
  let result = tensor
  let left = [...labels]
  for (;;) {
    const second = left.findIndex((label, axis) => left.indexOf(label) !== axis)
    if (second < 0) return { tensor: result, labels: left }
    const label = left[second] as string
    const first = left.indexOf(label)
    if (result.shape[first] !== result.shape[second]) {
      throw new ShapeError(
        'einsum',
        [
          { name: 'equation', description: text },
          { name: `operand ${i}`, description: show(tensor) },
        ],
        `operand ${i} has ${label} twice, with sizes ${result.shape[first]} and ${result.shape[second]}`,
        'a diagonal needs axes of one size',
      )
    }
    result = result.diagonal(0, first, second)
    left = [...left.filter((_, axis) => axis !== first && axis !== second), label]
  }
}

function checkSizes(text: string, list: readonly Labelled[]): void {
  const sizes = new Map<string, { size: number; operand: number }>()
  list.forEach(({ tensor, labels }, operand) => {
    labels.forEach((label, axis) => {
      const size = tensor.shape[axis] as number
      const known = sizes.get(label)
      if (known === undefined || known.size === 1) {
        sizes.set(label, { size, operand })
      } else if (size !== 1 && size !== known.size) {
        throw new ShapeError(
          'einsum',
          [
            { name: 'equation', description: text },
            ...[known.operand, operand].map((k) => ({
              name: `operand ${k}`,
              description: show(tensorOf(list, k)),
            })),
          ],
          `${label.startsWith(ELLIPSIS) ? 'an axis of the ellipsis' : label} has size ${known.size} in operand ${known.operand} and ${size} in operand ${operand}`,
          'axes of one label have one size, or 1',
        )
      }
    })
  })
}

function tensorOf(list: readonly Labelled[], i: number): Tensor {
  return (list[i] as Labelled).tensor
}

/** The pair whose product saves most elements, as greedy paths choose. */
function cheapestPair(list: readonly Labelled[], output: readonly string[]): [number, number] {
  let best: [number, number] = [0, 1]
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < list.length; i++) {
    for (let j = i + 1; j < list.length; j++) {
      const [a, b] = [list[i], list[j]] as [Labelled, Labelled]
      const others = list.filter((_, k) => k !== i && k !== j).flatMap((one) => one.labels)
      const sizes = new Map<string, number>()
      for (const { tensor, labels } of [a, b]) {
        labels.forEach((label, axis) =>
          sizes.set(label, Math.max(sizes.get(label) ?? 0, tensor.shape[axis] as number)),
        )
      }
      const kept = [...sizes].filter(([label]) => output.includes(label) || others.includes(label))
      const made = numElements(kept.map(([, size]) => size))
      const cost = made - a.tensor.numel() - b.tensor.numel()
      if (cost >= least) continue
      least = cost
      best = [i, j]
    }
  }
  return best
}

/** Summed over the axes whose label is not wanted. */
function summed({ tensor, labels }: Labelled, unwanted: (label: string) => boolean): Labelled {
  const axes = labels.flatMap((label, axis) => (unwanted(label) ? [axis] : []))
  if (axes.length === 0) return { tensor, labels }
  return {
    tensor: tensor.sum(axes),
    labels: labels.filter((_, axis) => !axes.includes(axis)),
  }
}

/** With axes in the order of `labels`. */
function ordered({ tensor, labels: own }: Labelled, labels: readonly string[]): Tensor {
  const order = labels.map((label) => own.indexOf(label))
  return order.every((axis, i) => axis === i) ? tensor : tensor.permute(order)
}

/** Without the axes of size 1 that the other operand has larger: it is walked through alone. */
function withoutOnes({ tensor, labels }: Labelled, other: Labelled): Labelled {
  const axes = labels.flatMap((label, axis) => {
    const there = other.labels.indexOf(label)
    const smaller = tensor.shape[axis] === 1 && there >= 0 && other.tensor.shape[there] !== 1
    return smaller ? [axis] : []
  })
  if (axes.length === 0) return { tensor, labels }
  return {
    tensor: tensor.squeeze(axes),
    labels: labels.filter((_, axis) => !axes.includes(axis)),
  }
}

/** The sum of products of two operands over the labels that are not kept. */
function pairProduct(first: Labelled, second: Labelled, kept: ReadonlySet<string>): Labelled {
  const one = withoutOnes(first, second)
  const two = withoutOnes(second, first)
  const a = summed(one, (label) => !kept.has(label) && !two.labels.includes(label))
  const b = summed(two, (label) => !kept.has(label) && !one.labels.includes(label))
  const shared = a.labels.filter((label) => b.labels.includes(label))
  const batch = shared.filter((label) => kept.has(label))
  const inner = shared.filter((label) => !kept.has(label))
  const left = a.labels.filter((label) => !shared.includes(label))
  const right = b.labels.filter((label) => !shared.includes(label))
  const sizeIn = ({ tensor, labels }: Labelled, label: string): number =>
    tensor.shape[labels.indexOf(label)] as number
  const batchSizes = batch.map((label) => sizeIn(a, label))
  const leftSizes = left.map((label) => sizeIn(a, label))
  const rightSizes = right.map((label) => sizeIn(b, label))
  const labels = [...batch, ...left, ...right]
  const x = ordered(a, [...batch, ...left, ...inner])
  if (inner.length === 0) {
    const ones = right.map(() => 1)
    const y = ordered(b, [...batch, ...right])
    const columns = y.reshape([...batchSizes, ...left.map(() => 1), ...rightSizes])
    return { tensor: x.reshape([...x.shape, ...ones]).mul(columns), labels }
  }
  const y = ordered(b, [...batch, ...inner, ...right])
  const count = batch.length === 0 ? [] : [numElements(batchSizes)]
  const k = numElements(inner.map((label) => sizeIn(a, label)))
  const rows = x.reshape([...count, numElements(leftSizes), k])
  const columns = y.reshape([...count, k, numElements(rightSizes)])
  const out = product(rows, columns, 'einsum')
  return { tensor: out.reshape([...batchSizes, ...leftSizes, ...rightSizes]), labels }
}
