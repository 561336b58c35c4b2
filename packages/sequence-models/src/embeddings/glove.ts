/** Vectors of words from how often they are near one another. */
import type { Tensor } from '@flambeau/core'
import { ShapeError, tensor, ValueError } from '@flambeau/core'
import {
  requireCounts,
  requireNumberList,
  requireOptions,
  requireTensor,
} from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { requireLists } from '../inputs.ts'

/** The pairs of words that were seen near one another. */
export interface Cooccurrences {
  /** Int64 `[pairs]`. */
  readonly rows: Tensor
  /** Int64 `[pairs]`. */
  readonly columns: Tensor
  /** Float32 `[pairs]`, above 0. */
  readonly values: Tensor
}

/**
 * Counts pairs of words up to `window` words apart, both ways, each 1 / distance.
 *
 * @throws {ValueError} if there are no two words beside one another, or window is not a whole number ≥ 1.
 *
 * @example
 * ```ts
 * import { cooccurrences } from '@flambeau/sequence-models'
 * const { rows, columns, values } = cooccurrences([[0, 1, 2]], 2)
 * console.log(rows.tolist(), columns.tolist()) // => [ 1, 0, 2, 1, 2, 0 ] [ 0, 1, 1, 2, 0, 2 ]
 * console.log(values.tolist()) // => [ 1, 1, 1, 1, 0.5, 0.5 ]
 * ```
 */
export function cooccurrences(
  texts: readonly (readonly number[])[],
  window: number = 10,
): Cooccurrences {
  requireCounts('cooccurrences', { window }, 1)
  const table = new Map<string, { row: number; column: number; value: number }>()
  const add = (row: number, column: number, value: number): void => {
    const key = `${row},${column}`
    const found = table.get(key)
    if (found === undefined) table.set(key, { row, column, value })
    else found.value += value
  }
  requireLists('cooccurrences', 'texts', texts)
  for (const text of texts) {
    requireNumberList('cooccurrences', 'a text', text)
    for (const [i, word] of text.entries()) {
      for (let distance = 1; distance <= Math.min(window, i); distance++) {
        const other = text[i - distance] as number
        add(word, other, 1 / distance)
        add(other, word, 1 / distance)
      }
    }
  }
  const pairs = [...table.values()]
  if (pairs.length === 0) {
    throw new ValueError('cooccurrences', { window }, 'no text has two words', 'pass longer texts')
  }
  return {
    rows: tensor(pairs.map(({ row }) => row)),
    columns: tensor(pairs.map(({ column }) => column)),
    values: tensor(pairs.map(({ value }) => value)).float(),
  }
}

/**
 * GloVe: the loss of a pair seen x times is min(1, (x / xMax)^alpha) (w·w̃ + b + b̃ - log x)².
 *
 * Shapes: rows and columns int64 `[N]`, values floating `[N]`, above 0 -> `[]`, the mean. `vectors()`
 * is the sum of both tables, as in the paper.
 *
 * @throws {ShapeError} for other shapes. @throws {ValueError} for sizes that cannot be, or values that
 * are not above 0. @throws {IndexError} for words that there are not.
 * @see Pennington, Socher and Manning 2014, https://nlp.stanford.edu/pubs/glove.pdf
 *
 * @example
 * ```ts
 * import { manualSeed } from '@flambeau/core'
 * import { cooccurrences, GloVe } from '@flambeau/sequence-models'
 * manualSeed(0)
 * const model = new GloVe(3, { dim: 4 })
 * const { rows, columns, values } = cooccurrences([[0, 1, 2, 1]])
 * console.log(model(rows, columns, values).shape, model.vectors().shape) // => [] [ 3, 4 ]
 * ```
 */
export class GloVe extends nn.Module<[rows: Tensor, columns: Tensor, values: Tensor]> {
  readonly xMax: number
  readonly alpha: number
  center: nn.Embedding
  context: nn.Embedding
  centerBias: nn.Embedding
  contextBias: nn.Embedding

  constructor(
    words: number,
    options: { readonly dim?: number; readonly xMax?: number; readonly alpha?: number } = {},
  ) {
    super()
    requireOptions('GloVe', options)
    const { dim = 50, xMax = 100, alpha = 0.75 } = options
    requireCounts('GloVe', { words, dim }, 1)
    if (!(xMax > 0 && alpha >= 0)) {
      const rule = 'xMax is above 0 and alpha at least 0'
      throw new ValueError('GloVe', { xMax, alpha }, rule, 'pass 100 and 0.75')
    }
    this.xMax = xMax
    this.alpha = alpha
    this.center = new nn.Embedding(words, dim)
    this.context = new nn.Embedding(words, dim)
    this.centerBias = new nn.Embedding(words, 1)
    this.contextBias = new nn.Embedding(words, 1)
    for (const parameter of this.parameters()) nn.init.uniform_(parameter, -0.5 / dim, 0.5 / dim)
  }

  override forward(rows: Tensor, columns: Tensor, values: Tensor): Tensor {
    requireTensor('GloVe', 'rows', rows)
    requireTensor('GloVe', 'columns', columns)
    requireTensor('GloVe', 'values', values)
    const shape = rows.shape.join()
    const fits = rows.ndim === 1 && columns.shape.join() === shape && values.shape.join() === shape
    if (!fits || rows.shape[0] === 0) {
      const rule = 'rows, columns and values must be [N] with N ≥ 1'
      throw new ShapeError('GloVe', { rows, columns, values }, rule, 'pass pairs and their counts')
    }
    if (values.le(0).any().item()) {
      throw new ValueError('GloVe', { values }, 'values must be above 0', 'leave out unseen pairs')
    }
    const weight = values.div(this.xMax).pow(this.alpha).clamp(0, 1)
    const biases = this.centerBias(rows).add(this.contextBias(columns)).squeeze(1)
    const product = this.center(rows).mul(this.context(columns)).sum(1)
    return product.add(biases).sub(values.log()).square().mul(weight).mean()
  }

  /** The words' vectors `[words, dim]`, without gradients. */
  vectors(): Tensor {
    return this.center.weight.detach().add(this.context.weight.detach())
  }
}
