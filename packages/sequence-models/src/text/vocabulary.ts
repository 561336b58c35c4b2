/** Tokens and their numbers, and batches of texts of different lengths. */
import type { Generator, Tensor } from '@flambeau/core'
import { IndexError, randperm, tensor, ValueError } from '@flambeau/core'
import {
  requireCounts,
  requireList,
  requireNumberList,
  requireOptions,
  requireText,
} from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { requireTexts } from '../inputs.ts'

export interface VocabularyOptions {
  /** Tokens that have the first numbers, in this order. Default ['<pad>', '<unk>', '<bos>', '<eos>']. */
  readonly specialTokens?: readonly string[]
  /** The special token for those that are not there; null refuses them. Default '<unk>'. */
  readonly unkToken?: string | null
  /** Leave out what is rarer. Default 1. */
  readonly minCount?: number
  /** The most tokens, special ones included. Default Infinity. */
  readonly maxSize?: number
}

/** By code points, as Python compares strings. @internal */
export function byCodePoint(a: string, b: string): number {
  const [x, y] = [Array.from(a), Array.from(b)]
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const difference = (x[i] as string).codePointAt(0)! - (y[i] as string).codePointAt(0)!
    if (difference !== 0) return difference
  }
  return x.length - y.length
}

/**
 * The tokens that a model knows, with a number for each: first the special ones, then the others from
 * the most frequent to the rarest, equally frequent ones by their code points.
 *
 * @throws {ValueError} if a special token is there twice, or unkToken is not among them.
 *
 * @example
 * ```ts
 * import { Vocabulary } from '@flambeau/sequence-models'
 * const vocabulary = Vocabulary.build([['the', 'cat'], ['the', 'dog']])
 * console.log(vocabulary.tokens.slice(4)) // => [ 'the', 'cat', 'dog' ]
 * console.log(vocabulary.encode(['the', 'cow'])) // => [ 4, 1 ]
 * console.log(vocabulary.decode([4, 6])) // => [ 'the', 'dog' ]
 * ```
 */
export class Vocabulary {
  readonly tokens: readonly string[]
  readonly unkToken: string | null
  private readonly index: ReadonlyMap<string, number>

  constructor(tokens: readonly string[], unkToken: string | null = null) {
    this.tokens = tokens
    this.unkToken = unkToken
    requireList('Vocabulary', 'tokens', tokens, 'a list of texts')
    requireTexts('Vocabulary', tokens)
    if (unkToken !== null) requireText('Vocabulary', 'unkToken', unkToken)
    this.index = new Map(tokens.map((token, i) => [token, i]))
    if (this.index.size !== tokens.length) {
      throw new ValueError('Vocabulary', {}, 'a token is there twice', 'leave it out')
    }
    if (unkToken !== null && !this.index.has(unkToken)) {
      const rule = `unkToken '${unkToken}' is not among the tokens`
      throw new ValueError('Vocabulary', {}, rule, 'add it, or pass null')
    }
  }

  /** The vocabulary of tokenized texts. */
  static build(texts: Iterable<Iterable<string>>, options: VocabularyOptions = {}): Vocabulary {
    const { specialTokens = ['<pad>', '<unk>', '<bos>', '<eos>'], minCount = 1 } = options
    const { unkToken = '<unk>', maxSize = Infinity } = options
    const counts = new Map<string, number>()
    for (const text of texts) {
      for (const token of text) counts.set(token, (counts.get(token) ?? 0) + 1)
    }
    for (const token of specialTokens) counts.delete(token)
    const sorted = [...counts]
      .filter(([, count]) => count >= minCount)
      .toSorted(([a, n], [b, m]) => m - n || byCodePoint(a, b))
      .map(([token]) => token)
    const room = Math.max(0, maxSize - specialTokens.length)
    return new Vocabulary([...specialTokens, ...sorted.slice(0, room)], unkToken)
  }

  /** How many tokens there are. */
  get size(): number {
    return this.tokens.length
  }

  /** Is this token there? */
  has(token: string): boolean {
    return this.index.has(token)
  }

  /** The number of a token. @throws {ValueError} for one that is not there, without unkToken. */
  id(token: string): number {
    const found = this.index.get(token) ?? this.index.get(this.unkToken ?? token)
    if (found !== undefined) return found
    const rule = `'${token}' is not in the vocabulary`
    throw new ValueError('Vocabulary', {}, rule, "build it with unkToken: '<unk>'")
  }

  /** The numbers of tokens. @throws {ValueError} for one that is not there, without unkToken. */
  encode(tokens: Iterable<string>): number[] {
    return Array.from(tokens, (token) => this.id(token))
  }

  /** The tokens of numbers. @throws {IndexError} for numbers that there are not. */
  decode(ids: Iterable<number>): string[] {
    return Array.from(ids, (id) => {
      const token = this.tokens[id]
      if (token !== undefined) return token
      const rule = `${id} is not from 0 to ${this.size - 1}`
      throw new IndexError('Vocabulary.decode', { id }, rule, 'use the vocabulary that encoded it')
    })
  }
}

/** A batch of sequences of different lengths. */
export interface PaddedBatch {
  /** Int64 `[N, T]`. */
  readonly tokens: Tensor
  /** Bool `[N, T]`, true for real steps. */
  readonly mask: Tensor
  readonly lengths: number[]
}

/**
 * Fills sequences up to the length of the longest, and cuts those longer than `maxLength`.
 *
 * @throws {ValueError} if there is no sequence, or one is empty.
 *
 * @example
 * ```ts
 * import { padBatch } from '@flambeau/sequence-models'
 * const { tokens, mask, lengths } = padBatch([[5, 6, 7], [8]])
 * console.log(tokens.tolist()) // => [ [ 5, 6, 7 ], [ 8, 0, 0 ] ]
 * console.log(mask.select(0, 1).tolist(), lengths) // => [ true, false, false ] [ 3, 1 ]
 * ```
 */
export function padBatch(
  sequences: readonly (readonly number[])[],
  options: { readonly padToken?: number; readonly maxLength?: number } = {},
): PaddedBatch {
  requireOptions('padBatch', options)
  const { padToken = 0, maxLength = Infinity } = options
  requireList('padBatch', 'sequences', sequences, 'a list of lists')
  for (const sequence of sequences) requireNumberList('padBatch', 'a sequence', sequence)
  const cut = sequences.map((sequence) => sequence.slice(0, maxLength))
  const lengths = cut.map(({ length }) => length)
  const empty = lengths.indexOf(0)
  if (lengths.length === 0 || empty >= 0) {
    const rule = empty < 0 ? 'there is no sequence' : `sequence ${empty} is empty`
    throw new ValueError('padBatch', { lengths }, rule, 'leave empty sequences out')
  }
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0)
  const filled = <T>(row: readonly T[], filler: T): T[] => [
    ...row,
    ...Array<T>(longest - row.length).fill(filler),
  ]
  return {
    tokens: tensor(cut.map((row) => filled(row, padToken))),
    mask: tensor(
      cut.map((row) =>
        filled(
          row.map(() => true),
          false,
        ),
      ),
    ),
    lengths,
  }
}

export interface BucketOptions {
  readonly batchSize: number
  /** Shuffle equally long sequences, and the batches. Default false. */
  readonly shuffle?: boolean
  /** Default null: the default generator. */
  readonly generator?: Generator | null
}

/**
 * Batches of sequences of similar length, so that little is padding: the places of their sequences.
 *
 * @throws {ValueError} unless batchSize is a whole number ≥ 1.
 *
 * @example
 * ```ts
 * import { bucketByLength } from '@flambeau/sequence-models'
 * console.log(bucketByLength([9, 2, 8, 3], { batchSize: 2 })) // => [ [ 1, 3 ], [ 2, 0 ] ]
 * ```
 */
export function bucketByLength(lengths: readonly number[], options: BucketOptions): number[][] {
  requireNumberList('bucketByLength', 'lengths', lengths)
  requireOptions('bucketByLength', options, ['batchSize'])
  const { batchSize, shuffle = false, generator = null } = options
  requireCounts('bucketByLength', { batchSize }, 1)
  const order = (count: number): number[] =>
    shuffle
      ? (randperm(count, { generator }).tolist() as number[])
      : Array.from({ length: count }, (_, i) => i)
  const sorted = order(lengths.length).toSorted(
    (a, b) => (lengths[a] as number) - (lengths[b] as number),
  )
  const batches: number[][] = []
  for (let i = 0; i < sorted.length; i += batchSize) batches.push(sorted.slice(i, i + batchSize))
  return order(batches.length).map((i) => batches[i] as number[])
}

/**
 * One-hot vectors of tokens: `[*]` -> float32 `[*, vocabSize]`.
 *
 * @throws {ValueError, IndexError} for tokens that there are not.
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { oneHot } from '@flambeau/sequence-models'
 * console.log(oneHot(tensor([0, 2]), 3).tolist()) // => [ [ 1, 0, 0 ], [ 0, 0, 1 ] ]
 * ```
 */
export function oneHot(tokens: Tensor, vocabSize: number): Tensor {
  requireCounts('oneHot', { vocabSize }, 1)
  return nn.functional.oneHot(tokens, vocabSize).float()
}
