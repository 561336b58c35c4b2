import { tensor } from '../creation.ts'
import type { Tensor } from '../tensor.ts'
import type { Sample } from '../testing/samples.ts'
import { samplesFor } from '../testing/samples.ts'
import { binaryCrossEntropyWithLogits } from './binary-loss.ts'
import { REDUCTIONS } from './loss-rule.ts'
import {
  cosineEmbeddingLoss,
  hingeEmbeddingLoss,
  marginRankingLoss,
  tripletMarginLoss,
} from './margin-losses.ts'

type Loss = (...inputs: Tensor[]) => Tensor

/** A golden for each reduction. */
function reduced(
  golden: string,
  run: (reduction: 'none' | 'mean' | 'sum') => (...inputs: never[]) => Tensor,
): Sample[] {
  return REDUCTIONS.map((reduction) => ({
    name: reduction,
    golden: `margin-losses:${golden}/${reduction}`,
    run: run(reduction) as Loss,
  }))
}

const SIGNS = { shape: [4], dtype: 'int64', values: [1, -1, 1, -1] } as const

samplesFor('hingeEmbeddingLoss', [
  ...reduced(
    'hinge',
    (reduction) => (x: Tensor, t: Tensor) => hingeEmbeddingLoss(x, t, 0.7, reduction),
  ),
  { name: 'the default margin', golden: 'margin-losses:hinge/default', run: hingeEmbeddingLoss },
  {
    name: 'another reduction',
    inputs: [[4], SIGNS],
    run: (x: Tensor, target: Tensor) =>
      hingeEmbeddingLoss(x, { target, reduction: 'most' as never }),
    throws: /hingeEmbeddingLoss: reduction must be 'none', 'mean' or 'sum'/,
  },
])

samplesFor('marginRankingLoss', [
  ...reduced(
    'ranking',
    (reduction) => (a: Tensor, b: Tensor, target: Tensor) =>
      marginRankingLoss(a, b, { target, margin: 0.3, reduction }),
  ),
  { name: 'integers', golden: 'margin-losses:ranking/integers', run: marginRankingLoss },
  {
    name: 'shapes that do not fit',
    inputs: [[3], [4], SIGNS],
    run: marginRankingLoss,
    throws: /do not broadcast/,
  },
])

samplesFor('cosineEmbeddingLoss', [
  ...reduced(
    'cosine',
    (reduction) => (a: Tensor, b: Tensor, t: Tensor) =>
      cosineEmbeddingLoss(a, b, t, -0.2, reduction),
  ),
  { name: 'one pair', golden: 'margin-losses:cosine/one pair', run: cosineEmbeddingLoss },
  { name: 'integers', golden: 'margin-losses:cosine/integers', run: cosineEmbeddingLoss },
  {
    name: 'a target for each element',
    inputs: [
      [2, 4],
      [2, 4],
      [2, 4],
    ],
    run: cosineEmbeddingLoss,
    throws: /the inputs are \[N, D\] with a target \[N\], or \[D\] with a target \[\]/,
  },
])

samplesFor('tripletMarginLoss', [
  ...reduced(
    'triplet',
    (reduction) => (anchor: Tensor, positive: Tensor, negative: Tensor) =>
      tripletMarginLoss(anchor, { positive, negative, margin: 2, reduction }),
  ),
  {
    name: 'the smaller of two distances',
    golden: 'margin-losses:triplet/swapped',
    run: (a: Tensor, p: Tensor, n: Tensor) => tripletMarginLoss(a, p, n, 1.5, 3, 1e-3, true),
  },
  {
    name: 'ranks that differ',
    inputs: [[2, 3], [3], [2, 3]],
    run: tripletMarginLoss,
    throws: /must have the same number of axes/,
  },
])

samplesFor('binaryCrossEntropyWithLogits', [
  ...reduced('bce', (reduction) => (x: Tensor, t: Tensor) => {
    const weight = tensor([0.5, 0.25, 2, 1], { dtype: x.dtype })
    const posWeight = tensor([3, 0.5, 1, 2], { dtype: x.dtype })
    return binaryCrossEntropyWithLogits(x, t, weight, posWeight, reduction)
  }),
  { name: 'no weights', golden: 'margin-losses:bce/plain', run: binaryCrossEntropyWithLogits },
  {
    name: 'large scores',
    golden: 'margin-losses:bce/large scores',
    run: (x: Tensor, target: Tensor) => binaryCrossEntropyWithLogits(x, { target, reduction: 0 }),
    gradcheck: false, // too large for differences
  },
  {
    name: 'integers',
    inputs: [SIGNS, [4]],
    run: binaryCrossEntropyWithLogits,
    throws: /binaryCrossEntropyWithLogits: input must be floating/,
  },
])

samplesFor(
  'logitsLoss',
  REDUCTIONS.map((reduction) => ({
    name: `as binaryCrossEntropyWithLogits, ${reduction}`,
    inputs: [[3, 50], { shape: [3, 50], low: 0, high: 1 }],
    run: (x: Tensor, t: Tensor) => binaryCrossEntropyWithLogits(x, t, { reduction }),
  })),
)
samplesFor('logitsLossGrad', [
  {
    name: 'reached through binaryCrossEntropyWithLogits',
    inputs: [[7], { shape: [7], low: 0, high: 1, layout: 'sliced' }],
    run: (x: Tensor, t: Tensor) => binaryCrossEntropyWithLogits(x, t, { reduction: 'sum' }),
  },
])
