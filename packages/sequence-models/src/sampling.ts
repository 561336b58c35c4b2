/** How the next token is chosen. */
import type { Generator, Tensor } from '@flambeau/core'
import { ShapeError, ValueError } from '@flambeau/core'
import { requireOptions, requireTensor } from '@flambeau/core/internal'

export interface SamplingOptions {
  /** What scores are divided by; 0 takes the best token. Default 1. */
  readonly temperature?: number
  /** Keep this many of the best tokens. Default null: all. */
  readonly topK?: number | null
  /** Keep the fewest best tokens that have this share of the probability. Default 1: all. */
  readonly topP?: number
  /** Above 1 makes tokens of `previous` less likely. Default 1. */
  readonly repetitionPenalty?: number
  /** Default null: the default generator. */
  readonly generator?: Generator | null
}

function requireSampling(options: SamplingOptions): Required<SamplingOptions> {
  requireOptions('sampleTokens', options)
  const { temperature = 1, topK = null, topP = 1, repetitionPenalty = 1 } = options
  const wrong = (rule: string, fix: string): never => {
    throw new ValueError('sampleTokens', { temperature, topK, topP, repetitionPenalty }, rule, fix)
  }
  if (!(temperature >= 0 && temperature < Infinity)) wrong('temperature is 0 or more', 'pass 1')
  if (topK !== null && !(Number.isSafeInteger(topK) && topK >= 1)) {
    wrong('topK is a whole number ≥ 1, or null', 'pass 40')
  }
  if (!(topP > 0 && topP <= 1)) wrong('topP is above 0 and at most 1', 'pass 0.9')
  if (!(repetitionPenalty > 0 && repetitionPenalty < Infinity)) {
    wrong('repetitionPenalty is above 0', 'pass 1.2')
  }
  return { temperature, topK, topP, repetitionPenalty, generator: options.generator ?? null }
}

/**
 * Scores after the repetition penalty, the temperature, top-k and top-p, in this order: -∞ for tokens
 * that must not be drawn. The penalty divides positive scores of tokens that were there before, and
 * multiplies negative ones.
 *
 * Shapes: logits `[N, V]`, previous int64 `[N, T]` -> `[N, V]`. Temperature 0 counts as 1 here.
 *
 * @throws {ShapeError, ValueError} for other shapes, or settings that cannot be.
 * @see Holtzman et al. 2019, https://arxiv.org/abs/1904.09751; Keskar et al. 2019,
 * https://arxiv.org/abs/1909.05858
 */
export function filterLogits(
  logits: Tensor,
  options: SamplingOptions = {},
  previous: Tensor | null = null,
): Tensor {
  const { temperature, topK, topP, repetitionPenalty } = requireSampling(options)
  requireTensor('filterLogits', 'logits', logits)
  if (logits.ndim !== 2 || logits.shape[1] === 0) {
    throw new ShapeError('filterLogits', { logits }, 'logits must be [N, V]', 'take the last step')
  }
  let scores = logits.detach()
  if (previous !== null && repetitionPenalty !== 1) {
    const seen = scores.gather(1, previous)
    const less = seen.div(repetitionPenalty).where(seen.gt(0), seen.mul(repetitionPenalty))
    scores = scores.scatter(1, previous, less)
  }
  if (temperature !== 0 && temperature !== 1) scores = scores.div(temperature)
  if (topK !== null && topK < (scores.shape[1] as number)) {
    const least = scores.topk(topK, -1).values.narrow(1, topK - 1, 1)
    scores = scores.maskedFill(scores.lt(least), -Infinity)
  }
  if (topP < 1) {
    const { values, indices } = scores.sort(-1, true)
    const probabilities = values.softmax(-1)
    // A token stays if what is better than it does not have the share yet; so the best one always does.
    const dropped = probabilities.cumsum(-1).sub(probabilities).ge(topP)
    scores = scores.scatter(1, indices, values.maskedFill(dropped, -Infinity))
  }
  return scores
}

/**
 * The next token of each row: drawn by its probability, or the best one with temperature 0.
 *
 * Shapes: logits `[N, V]`, previous int64 `[N, T]` -> int64 `[N, 1]`.
 *
 * @throws {ShapeError, ValueError} for other shapes, or settings that cannot be.
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { sampleTokens } from '@flambeau/sequence-models'
 * const logits = tensor([[0.1, 2.5, 0.3]])
 * console.log(sampleTokens(logits, { temperature: 0 }).tolist()) // => [ [ 1 ] ]
 * console.log(sampleTokens(logits, { topK: 1 }).tolist()) // => [ [ 1 ] ]
 * ```
 */
export function sampleTokens(
  logits: Tensor,
  options: SamplingOptions = {},
  previous: Tensor | null = null,
): Tensor<'int64'> {
  const scores = filterLogits(logits, options, previous)
  if (options.temperature === 0) return scores.argmax(-1, { keepdim: true })
  return scores.softmax(-1).multinomial(1, { generator: options.generator ?? null })
}
