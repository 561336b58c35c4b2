/** Rows of a table that indices name: embeddings, alone or summed up in bags. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { ones, zeros } from '../creation.ts'
import { INT32, INT64 } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, IndexError, ShapeError } from '../errors.ts'
import type { Op } from '../op.ts'
import { defineOp, needs, run } from '../op.ts'
import type { Shape } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { axisGroup } from './gathering.ts'
import { reportedAs, takeGroup } from './index-groups.ts'

interface EmbeddingParams {
  /** The row that gets no gradient; -1 for none. */
  paddingIdx: number
  /** Divide gradients by how often the row is named? */
  scaleGradByFreq: boolean
}

const embeddingOp: Op<EmbeddingParams> = defineOp<'weight' | 'indices', EmbeddingParams>(
  'embedding',
  ['weight', 'indices'],
  {
    derivative: {
      weight: needs(['indices'], (grad, { indices }, { params, shapes }) => {
        const places = indices as Tensor
        const shape = shapes[0] as Shape
        const rows = contribution(grad, places, shape[0] as number, params)
        return run(embeddingGradOp, [rows, places], shape, grad._dtype)
      }),
      indices: 'non-differentiable',
    },
  },
)

const embeddingGradOp: Op = defineOp('embeddingGrad', ['grad', 'indices'], {
  derivative: {
    grad: needs(['indices'], (second, { indices }) =>
      takeGroup('embedding', second, indices as Tensor, axisGroup(0, false)),
    ),
    indices: 'non-differentiable',
  },
})

/** What each place of `indices` adds to the gradient of its row. */
function contribution(
  grad: Tensor,
  indices: Tensor,
  rows: number,
  { paddingIdx, scaleGradByFreq }: EmbeddingParams,
): Tensor {
  let result = grad
  if (paddingIdx >= 0) result = result.maskedFill(indices.eq(paddingIdx).unsqueeze(-1), 0)
  if (!scaleGradByFreq) return result
  const options = { dtype: grad.dtype, device: grad.device }
  const flat = indices.flatten()
  const counts = zeros([rows], options).indexAdd(0, flat, ones(flat.shape, options))
  return result.div(counts.indexSelect(0, flat).reshape(indices.shape).unsqueeze(-1))
}

/** Throws unless these are a table and whole numbers. @internal */
export function requireTable(op: string, weight: Tensor, indices: Tensor): void {
  requireTensor(op, 'weight', weight)
  requireTensor(op, 'indices', indices)
  if (weight.ndim !== 2) {
    throw new ShapeError(
      op,
      { weight, indices },
      `weight must be [rows, columns], but has ${weight.ndim} ${weight.ndim === 1 ? 'axis' : 'axes'}`,
      'each row is one embedding',
    )
  }
  if (indices._dtype === INT64 || indices._dtype === INT32) return
  throw new DTypeError(
    op,
    { weight, indices },
    `indices are int64 or int32, not ${indices.dtype}`,
    "convert: indices.to('int64')",
  )
}

/** A row counted from the front; -1 for null. Negative ones count from the back. @internal */
export function paddingRow(op: string, weight: Tensor, paddingIdx: number | null): number {
  if (paddingIdx === null) return -1
  const rows = weight._shape[0] as number
  if (!Number.isInteger(paddingIdx) || paddingIdx < -rows || paddingIdx >= rows) {
    throw new IndexError(
      op,
      { weight },
      `paddingIdx ${show(paddingIdx)} is outside [${-rows}, ${rows - 1}]`,
      'it names a row of weight',
    )
  }
  return paddingIdx < 0 ? paddingIdx + rows : paddingIdx
}

/** The rows, after all checks. @internal */
export function takeRows(weight: Tensor, indices: Tensor, params: EmbeddingParams): Tensor {
  const shape = [...indices._shape, weight._shape[1] as number]
  return reportedAs('embedding', () =>
    run(embeddingOp, [weight, indices], shape, weight._dtype, undefined, params),
  )
}

/**
 * Scales the rows that `indices` name, in place, so that none has a larger norm than `maxNorm`. No
 * gradient sees that. @internal
 */
export function renormRows(
  weight: Tensor,
  indices: Tensor,
  maxNorm: number,
  normType: number,
): void {
  const table = weight.detach()
  const flat = indices.flatten().to('int64')
  const rows = table.indexSelect(0, flat)
  const norms = rows.norm(normType, 1)
  const factors = norms.add(1e-7).reciprocal().mul(maxNorm).maskedFill(norms.le(maxNorm), 1)
  // Rows that are named twice are written twice, with the same values.
  table.indexCopy_(0, flat, rows.mul(factors.unsqueeze(1)))
}

export interface EmbeddingOptions {
  /** Which rows, int64 or int32 of any shape. */
  indices: Tensor
  /** A row whose gradient stays 0; -1 for none. Default -1. */
  paddingIdx?: number
  /** Divide each row's gradient by how often it is named. Default false. */
  scaleGradByFreq?: boolean
  /** Taken for PyTorch's sake: gradients are dense here. Default false. */
  sparse?: boolean
}

const NAMES = ['indices', 'paddingIdx', 'scaleGradByFreq', 'sparse'] as const

const readEmbedding = parameters<[Tensor, number, boolean, boolean]>('embedding', NAMES)

/**
 * The rows of `weight` that `indices` name.
 *
 * The order of the arguments is that of torch.embedding, not of nn.functional.embedding.
 *
 * Shapes: weight `[rows, D]`, indices `[*]` -> `[*, D]`. Dtype: of weight; indices int64 or int32.
 *
 * @throws {ShapeError} if weight is not a matrix. @throws {DTypeError} for other indices.
 * @throws {IndexError} naming an index out of range.
 * @see torch.embedding
 *
 * @example
 * ```ts
 * import { embedding, tensor } from '@flambeau/core'
 * console.log(embedding(tensor([[0, 0], [1, 2], [3, 4]]), tensor([2, 1])))
 * // tensor([[3, 4],
 * //         [1, 2]])
 * ```
 */
export function embedding(
  weight: Tensor,
  ...given: Arguments<EmbeddingOptions, typeof NAMES>
): Tensor {
  const [indices, paddingIdx = -1, scaleGradByFreq = false] = readEmbedding(given)
  requireTable('embedding', weight, indices as Tensor)
  return takeRows(weight, indices as Tensor, { paddingIdx, scaleGradByFreq })
}
