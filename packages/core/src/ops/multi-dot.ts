/** The product of several matrices. */
import { autocasting, inAutocast } from '../autocast-dispatch.ts'
import { parameters } from '../arguments.ts'
import { requireTensor } from '../elementwise.ts'
import { ShapeError, ValueError } from '../errors.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { product } from './product-rules.ts'

const readTensors = parameters<[readonly Tensor[]]>('multiDot', ['tensors'])

/**
 * The product of several matrices in the order of multiplications that costs least.
 *
 * Shapes: `[a, b]`, `[b, c]`, …, `[y, z]` -> `[a, z]`. The first may be a row `[b]`, the last a column
 * `[y]`; the result lacks that axis.
 *
 * @throws {ShapeError} if sizes differ, or a tensor in between has not two axes. @throws {ValueError}
 * for fewer than two tensors.
 * @see torch.linalg.multi_dot
 */
export function multiDot(tensors: readonly Tensor[] | { tensors: readonly Tensor[] }): Tensor {
  if (autocasting.on) return inAutocast('multiDot', multiDot, [tensors])
  const [list] = readTensors([tensors])
  if (!Array.isArray(list) || list.length < 2) {
    throw new ValueError(
      'multiDot',
      [],
      `a list of at least two tensors is multiplied, not ${Array.isArray(list) ? `of ${list.length}` : show(list)}`,
      'multiDot([a, b, c])',
    )
  }
  const last = list.length - 1
  list.forEach((one, i) => {
    requireTensor('multiDot', `tensors[${i}]`, one)
    if (one.ndim === 2 || (one.ndim === 1 && (i === 0 || i === last))) return
    throw new ShapeError(
      'multiDot',
      { [`tensors[${i}]`]: one },
      `it must have two axes${i === 0 || i === last ? ' or one' : ''}, not ${one.ndim}`,
      'for batches, chain matmul()',
    )
  })
  const first = list[0] as Tensor
  const end = list[last] as Tensor
  const matrices = list.map((one, i) => (one.ndim === 2 ? one : one.unsqueeze(i === 0 ? 0 : 1)))
  matrices.slice(1).forEach((right, i) => {
    const left = matrices[i] as Tensor
    if (left.shape[1] === right.shape[0]) return
    throw new ShapeError(
      'multiDot',
      { [`tensors[${i}]`]: list[i] as Tensor, [`tensors[${i + 1}]`]: list[i + 1] as Tensor },
      `${left.shape[1]} columns meet ${right.shape[0]} rows`,
      'each matrix has as many rows as the one before it has columns',
    )
  })
  const out = multiplied(matrices, cheapestSplits(matrices), 0, last)
  const shape = [
    ...(first.ndim === 1 ? [] : [out.shape[0]]),
    ...(end.ndim === 1 ? [] : [out.shape[1]]),
  ]
  return out.reshape(shape as number[])
}

/** splits[i][j]: where the product of matrices i … j is best cut in two. */
function cheapestSplits(matrices: readonly Tensor[]): number[][] {
  const n = matrices.length
  const sizes = [
    ...matrices.map((one) => one.shape[0] as number),
    matrices[n - 1]?.shape[1] as number,
  ]
  const costs = matrices.map(() => Array.from({ length: n }, () => 0))
  const splits = matrices.map(() => Array.from({ length: n }, () => 0))
  for (let length = 2; length <= n; length++) {
    for (let i = 0; i + length <= n; i++) {
      const j = i + length - 1
      let best = Number.POSITIVE_INFINITY
      for (let k = i; k < j; k++) {
        const cost =
          at(costs, i, k) +
          at(costs, k + 1, j) +
          (sizes[i] as number) * (sizes[k + 1] as number) * (sizes[j + 1] as number)
        if (cost >= best) continue
        best = cost
        ;(splits[i] as number[])[j] = k
      }
      ;(costs[i] as number[])[j] = best
    }
  }
  return splits
}

function at(table: readonly (readonly number[])[], i: number, j: number): number {
  return (table[i] as readonly number[])[j] as number
}

function multiplied(
  matrices: readonly Tensor[],
  splits: readonly (readonly number[])[],
  i: number,
  j: number,
): Tensor {
  if (i === j) return matrices[i] as Tensor
  const k = at(splits, i, j)
  return product(
    multiplied(matrices, splits, i, k),
    multiplied(matrices, splits, k + 1, j),
    'multiDot',
  )
}
