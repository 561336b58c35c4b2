/** Attention of a translator: each word sees those before it, and all words of the other language. */
import type { Tensor } from '@flambeau/core'
import { allclose, manualSeed, ones, randn } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { heatmap } from '@flambeau/plot'
import { outFile } from '../settings.ts'

/** softmax(Q Kᵀ / √d) V; what the mask does not let through gets the share 0. */
function attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | null): [Tensor, Tensor] {
  let scores = q.matmul(k.transpose(-2, -1)).div(Math.sqrt(q.size(-1)))
  if (mask !== null) scores = scores.maskedFill(mask.logicalNot(), -Infinity)
  const weights = scores.softmax(-1)
  return [weights.matmul(v), weights]
}

manualSeed(0)
const [source, target] = [randn(1, 7, 16), randn(1, 5, 16)]

// The true translation goes in as a whole when learning; a triangle hides what comes later.
const mask = ones(5, 5).tril().bool()
const [self, weights] = attention(target, target, target, mask)
console.log('self-attention:', self.shape, 'the first word sees', weights.at(0, 0))
heatmap(weights.at(0), { title: 'Self-attention with a mask' }).save(outFile('self.png'))

// Queries of the translation, keys and values of the source.
const [cross, over] = attention(self, source, source, null)
console.log('cross-attention:', cross.shape, 'weights', over.shape)
heatmap(over.at(0), { title: 'Cross-attention' }).save(outFile('cross.png'))

const library = nn.functional.scaledDotProductAttention(target, target, target, { isCausal: true })
console.log('as the library:', allclose(library, self, { atol: 1e-6 }))
