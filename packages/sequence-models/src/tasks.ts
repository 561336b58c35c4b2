/** Tasks that show what a sequence model can do: their data are drawn by a known rule. */
import type { Generator, Tensor } from '@flambeau/core'
import { arange, cat, full, rand, randint, stack, ValueError, zeros } from '@flambeau/core'
import { requireCounts, requireOptions } from '@flambeau/core/internal'

export interface CopyOptions {
  readonly rows: number
  /** Different symbols; they are the tokens from 3 up. */
  readonly symbols: number
  /** The fewest symbols of a sequence. */
  readonly minLength: number
  /** The most symbols of a sequence. */
  readonly maxLength: number
  /** Ask for the sequence backwards. Default false. */
  readonly reverse?: boolean
  /** Default null: the default generator. */
  readonly generator?: Generator | null
}

/** A batch of sequences and what they become; 0 is padding, 1 begins and 2 ends a target. */
export interface CopyBatch {
  /** Int64 `[N, maxLength]`. */
  readonly src: Tensor
  /** What a decoder is given: int64 `[N, maxLength + 1]`, from token 1 on. */
  readonly inputs: Tensor
  /** What it is to answer: int64 `[N, maxLength + 1]`, up to token 2. */
  readonly outputs: Tensor
}

/**
 * The copying task: random symbols that are to be said again, or said backwards.
 *
 * @throws {ValueError} for lengths that cannot be.
 * @see Graves, Wayne and Danihelka 2014, https://arxiv.org/abs/1410.5401
 *
 * @example
 * ```ts
 * import { manualSeed } from '@flambeau/core'
 * import { copyProblem } from '@flambeau/sequence-models'
 * manualSeed(0)
 * const options = { rows: 1, symbols: 5, minLength: 3, maxLength: 3, reverse: true }
 * const { src, inputs, outputs } = copyProblem(options)
 * console.log(inputs.narrow(1, 1, 3).equal(src.flip(1))) // => true
 * console.log(outputs.narrow(1, 0, 3).equal(src.flip(1))) // => true
 * console.log(inputs.at(0, 0).item(), outputs.at(0, 3).item()) // => 1 2
 * ```
 */
export function copyProblem(options: CopyOptions): CopyBatch {
  requireOptions('copyProblem', options, ['rows', 'symbols', 'minLength', 'maxLength'])
  const { rows, symbols, minLength, maxLength, reverse = false, generator = null } = options
  requireCounts('copyProblem', { rows, symbols, minLength, maxLength }, 1)
  if (minLength > maxLength) {
    const rule = `minLength (${minLength}) is more than maxLength (${maxLength})`
    throw new ValueError('copyProblem', { minLength, maxLength }, rule, 'exchange them')
  }
  const lengths = randint(minLength, maxLength + 1, [rows, 1], { generator })
  const places = arange(maxLength)
  const drawn = randint(3, 3 + symbols, [rows, maxLength], { generator })
  const src = drawn.maskedFill(places.ge(lengths), 0)
  // Behind the end any place will do: it is filled up with 0.
  const backwards = lengths.sub(1).sub(places).clamp(0)
  const said = reverse ? src.gather(1, backwards).maskedFill(places.ge(lengths), 0) : src
  const edge = (token: number): Tensor => full([rows, 1], token, { dtype: 'int64' })
  const outputs = cat([said, edge(0)], 1).maskedFill(arange(maxLength + 1).eq(lengths), 2)
  return { src, inputs: cat([edge(1), said], 1), outputs }
}

/**
 * The adding problem: each step has a number from 0 to 1 and a mark; two steps are marked, one in each
 * half, and the answer is the sum of their numbers. Who always says 1 has a mean squared error of 1/6.
 *
 * Shapes: -> x `[rows, steps, 2]`, y `[rows]`.
 *
 * @throws {ValueError} unless there is a row and there are two steps.
 * @see Hochreiter and Schmidhuber 1997, https://doi.org/10.1162/neco.1997.9.8.1735
 *
 * @example
 * ```ts
 * import { addingProblem } from '@flambeau/sequence-models'
 * const { x, y } = addingProblem(4, 10)
 * console.log(x.shape, y.shape, x.select(2, 1).sum(1).tolist()) // => [ 4, 10, 2 ] [ 4 ] [ 2, 2, 2, 2 ]
 * ```
 */
export function addingProblem(
  rows: number,
  steps: number,
  options: { readonly generator?: Generator | null } = {},
): { x: Tensor; y: Tensor } {
  requireOptions('addingProblem', options)
  const { generator = null } = options
  requireCounts('addingProblem', { rows }, 1)
  requireCounts('addingProblem', { steps }, 2)
  const values = rand([rows, steps], { generator })
  const half = Math.floor(steps / 2)
  const places = [
    randint(0, half, [rows], { generator }),
    randint(half, steps, [rows], { generator }),
  ]
  const marks = zeros([rows, steps]).scatter(1, stack(places, 1), 1)
  return { x: stack([values, marks], 2), y: values.mul(marks).sum(1) }
}
