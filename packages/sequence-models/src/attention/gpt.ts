import { isGradEnabled, noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import {
  gelu,
  ones,
  scaledDotProductAttention,
  ShapeError,
  ValueError,
  zeros,
} from '@flambeau/core'
import { requireCounts, requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { requirePositions, requireTokens } from '../inputs.ts'
import type { GenerateOptions } from '../recurrent/language-model.ts'
import { continueTokens } from '../recurrent/language-model.ts'

/**
 * The keys and values of the tokens that a {@link GPT} has seen, for each block; written in place, so
 * that a new token costs what one token costs.
 *
 * @example
 * ```ts
 * import { isGradEnabled, noGrad } from '@flambeau/autograd'
 * import { manualSeed, tensor } from '@flambeau/core'
 * import { GPT } from '@flambeau/sequence-models'
 * manualSeed(0)
 * const model = new GPT({ vocabSize: 10, dim: 16, depth: 1, heads: 2, contextLength: 8 })
 * const cache = model.cache(1)
 * noGrad(() => model(tensor([[1, 2, 3]]), cache))
 * console.log(cache.length) // => 3
 * ```
 */
export class KVCache {
  /** The tokens that it holds. */
  length = 0
  /** For each block keys and values, `[N, heads, contextLength, dim / heads]`. */
  readonly blocks: readonly (readonly [keys: Tensor, values: Tensor])[]

  constructor(blocks: readonly (readonly [keys: Tensor, values: Tensor])[]) {
    this.blocks = blocks
  }

  /** Forgets all tokens. */
  reset(): void {
    this.length = 0
  }
}

class Block extends nn.Module<[x: Tensor, cache?: readonly [Tensor, Tensor] | null, at?: number]> {
  readonly heads: number
  readonly dropout: number
  n1: nn.LayerNorm
  n2: nn.LayerNorm
  qkv: nn.Linear
  proj: nn.Linear
  fc1: nn.Linear
  fc2: nn.Linear

  constructor(dim: number, heads: number, dropout: number) {
    super()
    this.heads = heads
    this.dropout = dropout
    this.n1 = new nn.LayerNorm(dim)
    this.n2 = new nn.LayerNorm(dim)
    this.qkv = new nn.Linear(dim, 3 * dim)
    this.proj = new nn.Linear(dim, dim)
    this.fc1 = new nn.Linear(dim, 4 * dim)
    this.fc2 = new nn.Linear(4 * dim, dim)
  }

  override forward(x: Tensor, cache: readonly [Tensor, Tensor] | null = null, at = 0): Tensor {
    const drop = (y: Tensor): Tensor => nn.functional.dropout(y, this.dropout, this.training)
    const y = x.add(drop(this.proj(this.attend(this.n1(x), cache, at))))
    return y.add(drop(this.fc2(gelu(this.fc1(this.n2(y))))))
  }

  private attend(x: Tensor, cache: readonly [Tensor, Tensor] | null, at: number): Tensor {
    const [count, steps, dim] = x.shape as readonly [number, number, number]
    const heads = (y: Tensor): Tensor =>
      y.reshape([count, steps, this.heads, dim / this.heads]).transpose(1, 2) // [N, H, T, D]
    const [q, key, value] = this.qkv(x).split(dim, 2).map(heads) as [Tensor, Tensor, Tensor]
    let [k, v] = [key, value]
    if (cache !== null) {
      cache[0].narrow(2, at, steps).copy_(key)
      cache[1].narrow(2, at, steps).copy_(value)
      k = cache[0].narrow(2, 0, at + steps)
      v = cache[1].narrow(2, 0, at + steps)
    }
    // A single new token may see all; several after others may see what was before each.
    const isCausal = at === 0 && steps > 1
    const attnMask =
      at > 0 && steps > 1 ? ones([steps, at + steps], { dtype: 'bool' }).tril(at) : null
    const dropoutP = this.training ? this.dropout : 0
    const seen = scaledDotProductAttention(q, k, v, { attnMask, dropoutP, isCausal })
    return seen.transpose(1, 2).reshape([count, steps, dim])
  }
}

export interface GPTOptions {
  readonly vocabSize: number
  /** Default 384. */
  readonly dim?: number
  /** The number of blocks. Default 6. */
  readonly depth?: number
  /** Default 6. */
  readonly heads?: number
  /** The most tokens that it can see. Default 256. */
  readonly contextLength?: number
  /** After embeddings and parts of blocks, and of attention's weights, while training. Default 0. */
  readonly dropout?: number
}

/**
 * A decoder-only transformer: learnt positions, blocks that normalise first, a last norm, and logits
 * for the next token. With a cache it is given new tokens only.
 *
 * Shapes: tokens int64 `[N, T]` -> logits `[N, T, vocabSize]`; with a cache, T new tokens behind those
 * that it holds. In state dicts: `tok`, `pos`, `blocks.0.n1` …, `norm`, `head`.
 *
 * @throws {ShapeError, DTypeError} for other shapes, or a cache of another batch. @throws {ValueError} if there are more
 * tokens than contextLength, or a cache is used with gradients. @throws {IndexError} for tokens that
 * there are not.
 * @see Radford et al. 2019, https://openai.com/research/better-language-models
 *
 * @example
 * ```ts
 * import { manualSeed, tensor } from '@flambeau/core'
 * import { GPT } from '@flambeau/sequence-models'
 * manualSeed(0)
 * const model = new GPT({ vocabSize: 10, dim: 16, depth: 2, heads: 2, contextLength: 32 }).eval()
 * const prompt = tensor([[1, 2, 3]])
 * console.log(model(prompt).shape) // => [ 1, 3, 10 ]
 * console.log(model.generate(prompt, 5, { temperature: 0.8, topP: 0.9 }).shape) // => [ 1, 8 ]
 * ```
 */
export class GPT extends nn.Module<[tokens: Tensor, cache?: KVCache | null]> {
  readonly contextLength: number
  readonly heads: number
  tok: nn.Embedding
  pos: nn.Embedding
  drop: nn.Dropout
  blocks: nn.ModuleList<Block>
  norm: nn.LayerNorm
  head: nn.Linear

  constructor(options: GPTOptions) {
    super()
    requireOptions('GPT', options, ['vocabSize'])
    const { vocabSize, dim = 384, depth = 6, heads = 6 } = options
    const { contextLength = 256, dropout = 0 } = options
    requireCounts('GPT', { vocabSize, dim, depth, heads, contextLength }, 1)
    if (dim % heads !== 0) {
      const rule = `${heads} heads do not divide ${dim}`
      throw new ValueError('GPT', { dim, heads }, rule, 'choose a divisor')
    }
    this.contextLength = contextLength
    this.heads = heads
    this.tok = new nn.Embedding(vocabSize, dim)
    this.pos = new nn.Embedding(contextLength, dim)
    this.drop = new nn.Dropout(dropout)
    this.blocks = new nn.ModuleList(
      Array.from({ length: depth }, () => new Block(dim, heads, dropout)),
    )
    this.norm = new nn.LayerNorm(dim)
    this.head = new nn.Linear(dim, vocabSize, { bias: false })
  }

  /** An empty cache for `rows` texts. */
  cache(rows: number = 1): KVCache {
    requireCounts('GPT.cache', { rows }, 0)
    const { dtype, device } = this.pos.weight
    const size = this.cacheShape(rows)
    return new KVCache(
      Array.from({ length: this.blocks.length }, () => [
        zeros(size, { dtype, device }),
        zeros(size, { dtype, device }),
      ]),
    )
  }

  private cacheShape(rows: number): number[] {
    const dim = this.pos.weight.shape[1] as number
    return [rows, this.heads, this.contextLength, dim / this.heads]
  }

  override forward(tokens: Tensor, cache: KVCache | null = null): Tensor {
    requireTokens('GPT', 'tokens', tokens)
    const steps = tokens.shape[1] as number
    if (cache !== null) requireOptions('GPT', cache, ['blocks', 'length'])
    const at = cache === null ? 0 : cache.length
    requirePositions('GPT', at + steps, this.contextLength)
    if (cache !== null) this.requireCache(tokens, cache)
    let x = this.drop(this.tok(tokens).add(this.pos.weight.narrow(0, at, steps)))
    for (const [i, block] of [...this.blocks].entries()) x = block(x, cache?.blocks[i] ?? null, at)
    if (cache !== null) cache.length = at + steps
    return this.head(this.norm(x))
  }

  private requireCache(tokens: Tensor, cache: KVCache): void {
    const wanted = this.cacheShape(tokens.shape[0] as number)
    const [keys] = cache.blocks[0] ?? []
    if (cache.blocks.length !== this.blocks.length || keys?.shape.join() !== wanted.join()) {
      const [rows, heads, steps, width] = keys?.shape ?? []
      const rule =
        `the cache has ${cache.blocks.length} blocks for ${rows} texts of ${steps} tokens, ` +
        `with ${heads} heads of ${width}`
      throw new ShapeError('GPT', { tokens }, rule, 'make it with this model: cache(rows)')
    }
    if (!isGradEnabled()) return
    throw new ValueError('GPT', { tokens }, 'a cache keeps no gradients', 'use noGrad()')
  }

  /**
   * Continues texts by `count` tokens, with a cache and without gradients: `[N, T]` -> `[N, T + count]`.
   *
   * @throws {ValueError} if that is more than contextLength, or settings cannot be.
   */
  generate(prompt: Tensor, count: number, options: GenerateOptions = {}): Tensor {
    requireCounts('GPT.generate', { count }, 0)
    requireTokens('GPT.generate', 'prompt', prompt)
    requirePositions('GPT.generate', (prompt.shape[1] as number) + count, this.contextLength)
    return noGrad(() => {
      const cache = this.cache(prompt.shape[0])
      return continueTokens(prompt, count, options, (latest) => this(latest, cache))
    })
  }
}
