/** How whole sequences are found, and how their loss is counted. */
import type { Device, Tensor } from '@flambeau/core'
import { cat, crossEntropy, full, ShapeError, tensor, ValueError } from '@flambeau/core'
import {
  requireCounts,
  requireNumber,
  requireOneOf,
  requireOptions,
  requireTensor,
} from '@flambeau/core/internal'

export interface DecodeOptions {
  /** The token that a target begins with. */
  readonly bosToken: number
  /** The token that ends a target. */
  readonly eosToken: number
  /** The most tokens, without bosToken. */
  readonly maxLength: number
}

export interface BeamSearchOptions extends DecodeOptions {
  /** Sequences that are followed at a time. Default 4. */
  readonly beamSize?: number
  /** Scores are divided by length to this power; 0 favours short ones. Default 1. */
  readonly lengthPenalty?: number
}

/** A decoder that goes step by step over rows of a batch. */
export interface StepDecoder {
  /** `[B, t]` tokens so far, of which the last one is new -> logits `[B, V]` of the next. */
  step(tokens: Tensor): Tensor
  /** Row i of the batch is from now on what row `rows[i]` (int64) was. */
  reorder(rows: Tensor): void
  /** Where it wants its tokens. Default: where tensors are made. */
  readonly device?: Device
}

/** A sequence that beam search found. */
export interface Hypothesis {
  /** Without bosToken and eosToken. */
  readonly tokens: number[]
  /** The sum of the log-probabilities, divided by the length to the penalty. */
  readonly score: number
}

/**
 * Follows the most likely token at each step, until all rows have ended: int64 `[N, T]` with T at most
 * maxLength, without bosToken; what is behind an eosToken is eosToken.
 *
 * @throws {ValueError} for lengths or tokens that cannot be.
 */
export function greedyDecode(decoder: StepDecoder, rows: number, options: DecodeOptions): Tensor {
  requireOptions('greedyDecode', decoder, ['step', 'reorder'])
  requireOptions('greedyDecode', options, ['bosToken', 'eosToken', 'maxLength'])
  const { bosToken, eosToken, maxLength } = options
  requireCounts('greedyDecode', { maxLength }, 1)
  requireCounts('greedyDecode', { bosToken, eosToken, rows }, 0)
  const { device = null } = decoder
  let tokens = full([rows, 1], bosToken, { dtype: 'int64', device })
  let ended = full([rows, 1], false, { dtype: 'bool', device })
  for (let t = 0; t < maxLength && !ended.all().item(); t++) {
    const best = decoder.step(tokens).argmax(-1, { keepdim: true }).maskedFill(ended, eosToken)
    tokens = cat([tokens, best], 1)
    ended = ended.logicalOr(best.eq(eosToken))
  }
  return tokens.narrow(1, 1, (tokens.shape[1] as number) - 1)
}

/**
 * The best sequences of one source by beam search, best first, at most beamSize of them. With beamSize
 * 1 it is greedy. The decoder begins with one row.
 *
 * @throws {ValueError} for lengths or tokens that cannot be.
 * @see Graves 2012, https://arxiv.org/abs/1211.3711; Wu et al. 2016, https://arxiv.org/abs/1609.08144
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { beamSearch } from '@flambeau/sequence-models'
 * // Token 1 looks best at first, but only 2 is followed by something likely. 0 ends.
 * const next: Record<number, number[]> = {
 *   3: [0.01, 0.5, 0.48, 0.01], 1: [0.4, 0.3, 0.3, 0], 2: [0.98, 0.01, 0.01, 0],
 * }
 * const decoder = {
 *   step: (tokens: { tolist(): unknown }) =>
 *     tensor((tokens.tolist() as number[][]).map((row) => next[row.at(-1)!]!)).log(),
 *   reorder: () => {},
 * }
 * const options = { bosToken: 3, eosToken: 0, maxLength: 3, lengthPenalty: 0 }
 * console.log(beamSearch(decoder, { ...options, beamSize: 1 })[0]?.tokens) // => [ 1 ]
 * console.log(beamSearch(decoder, { ...options, beamSize: 2 })[0]?.tokens) // => [ 2 ]
 * ```
 */
export function beamSearch(decoder: StepDecoder, options: BeamSearchOptions): Hypothesis[] {
  requireOptions('beamSearch', decoder, ['step', 'reorder'])
  requireOptions('beamSearch', options, ['bosToken', 'eosToken', 'maxLength'])
  const { bosToken, eosToken, maxLength, beamSize = 4, lengthPenalty = 1 } = options
  requireCounts('beamSearch', { maxLength, beamSize }, 1)
  requireCounts('beamSearch', { bosToken, eosToken }, 0)
  const { device = null } = decoder
  let beams = [{ tokens: [bosToken], sum: 0 }]
  const done: Hypothesis[] = []
  const finish = (tokens: number[], sum: number, length: number): void => {
    done.push({ tokens: tokens.slice(1), score: sum / length ** lengthPenalty })
  }
  for (let t = 1; t <= maxLength && beams.length > 0 && done.length < beamSize; t++) {
    const tokens = tensor(
      beams.map((beam) => beam.tokens),
      { device },
    )
    const logits = decoder.step(tokens)
    const sums = tensor(
      beams.map((beam) => beam.sum),
      { device: logits.device },
    )
    const scores = logits.logSoftmax(-1).add(sums.unsqueeze(1))
    const vocab = scores.shape[1] as number
    // Twice as many as needed: at most beamSize of them end here.
    const { values, indices } = scores.flatten().topk(Math.min(2 * beamSize, scores.numel()))
    const [best, places] = [values.tolist() as number[], indices.tolist() as number[]]
    const rows: number[] = []
    const next: typeof beams = []
    for (const [i, place] of places.entries()) {
      const [row, token] = [Math.floor(place / vocab), place % vocab]
      const [sum, before] = [best[i] as number, (beams[row] as { tokens: number[] }).tokens]
      if (sum === -Infinity) break
      if (token === eosToken) {
        if (i < beamSize) finish(before, sum, t)
      } else if (next.length < beamSize) {
        next.push({ tokens: [...before, token], sum })
        rows.push(row)
      }
    }
    beams = next
    if (beams.length > 0) decoder.reorder(tensor(rows, { device }))
  }
  // What ran into maxLength counts as it is.
  if (done.length < beamSize) {
    for (const { tokens, sum } of beams) finish(tokens, sum, tokens.length - 1)
  }
  return done.toSorted((a, b) => b.score - a.score).slice(0, beamSize)
}

export interface SequenceLossOptions {
  /** Targets that do not count. Default null: all count. */
  readonly padToken?: number | null
  /** The share that is spread over all tokens. Default 0. */
  readonly labelSmoothing?: number
}

/**
 * The mean cross-entropy of the next tokens, without padding, with smoothed labels.
 *
 * Shapes: logits `[N, T, V]`, targets int64 `[N, T]` -> `[]`.
 *
 * @throws {ShapeError} for other shapes. @throws {IndexError} for targets that there are not.
 * @see Szegedy et al. 2015, https://arxiv.org/abs/1512.00567
 *
 * @example
 * ```ts
 * import { tensor, zeros } from '@flambeau/core'
 * import { sequenceLoss } from '@flambeau/sequence-models'
 * const loss = sequenceLoss(zeros([1, 3, 4]), tensor([[1, 2, 0]]), { padToken: 0 })
 * console.log(loss.item().toFixed(4)) // => 1.3863
 * ```
 */
export function sequenceLoss(
  logits: Tensor,
  targets: Tensor,
  options: SequenceLossOptions = {},
): Tensor {
  requireOptions('sequenceLoss', options)
  const { padToken = null, labelSmoothing = 0 } = options
  requireTensor('sequenceLoss', 'logits', logits)
  requireTensor('sequenceLoss', 'targets', targets)
  if (logits.ndim !== 3 || logits.shape.slice(0, 2).join() !== targets.shape.join()) {
    const rule = 'logits must be [N, T, V] and targets [N, T]'
    throw new ShapeError('sequenceLoss', { logits, targets }, rule, 'shift the targets by a step')
  }
  const rows = logits.flatten(0, 1)
  const ignoreIndex = padToken ?? -100
  return crossEntropy(rows, targets.flatten(), { ignoreIndex, labelSmoothing })
}

/**
 * The factor of the learning rate in step `step` (from 0) of the Transformer's paper: it grows
 * linearly for `warmupSteps`, then falls with the square root. For optim's LambdaLR with lr 1.
 *
 * @throws {ValueError} unless sizes are whole numbers ≥ 1.
 * @see Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, 5.3
 *
 * @example
 * ```ts
 * import { noamSchedule } from '@flambeau/sequence-models'
 * const factor = noamSchedule(512, 4000)
 * console.log(factor(3999).toExponential(3)) // => 6.988e-4
 * console.log(factor(0) < factor(100), factor(9999) < factor(3999)) // => true true
 * ```
 */
export function noamSchedule(
  dModel: number,
  warmupSteps: number = 4000,
  scale: number = 1,
): (step: number) => number {
  requireCounts('noamSchedule', { dModel, warmupSteps }, 1)
  return (step) => {
    const count = step + 1
    return (scale / Math.sqrt(dModel)) * Math.min(1 / Math.sqrt(count), count / warmupSteps ** 1.5)
  }
}

/** How {@link teacherForcing} falls. */
export type ForcingDecay = 'linear' | 'exponential' | 'inverseSigmoid'

/**
 * The share of steps in which a decoder is given the true token, in step `step` of the training: 1 at
 * first, less and less later. 'linear': 1 - step / span, down to 0; 'exponential': exp(-step / span);
 * 'inverseSigmoid': span / (span + exp(step / span)).
 *
 * @throws {ValueError} unless span is above 0.
 * @see Bengio et al. 2015, https://arxiv.org/abs/1506.03099
 *
 * @example
 * ```ts
 * import { teacherForcing } from '@flambeau/sequence-models'
 * const ratio = teacherForcing('linear', 100)
 * console.log(ratio(0), ratio(50), ratio(200)) // => 1 0.5 0
 * ```
 */
export function teacherForcing(decay: ForcingDecay, span: number): (step: number) => number {
  requireOneOf('teacherForcing', 'decay', decay, ['linear', 'exponential', 'inverseSigmoid'])
  requireNumber('teacherForcing', 'span', span)
  if (!(span > 0)) {
    throw new ValueError('teacherForcing', { span }, 'span must be above 0', 'pass 1000')
  }
  if (decay === 'linear') return (step) => Math.max(0, 1 - step / span)
  if (decay === 'exponential') return (step) => Math.exp(-step / span)
  return (step) => span / (span + Math.exp(step / span))
}
