import type { Tensor } from '../tensor.ts'
import { samplesFor } from '../testing/samples.ts'
import { cosineSimilarity, pairwiseDistance } from './similarity.ts'

samplesFor('cosineSimilarity', [
  { name: 'rows', golden: 'margin-losses:cosineSimilarity/plain', run: cosineSimilarity },
  {
    name: 'another axis, small norms, broadcast',
    golden: 'margin-losses:cosineSimilarity/broadcast',
    // The slope jumps where a norm passes eps, as PyTorch's does.
    gradcheck: false,
    run: (a: Tensor, b: Tensor) => cosineSimilarity(a, b, 0, 0.5),
  },
  {
    name: 'float64',
    golden: 'margin-losses:cosineSimilarity/float64',
    run: (x1: Tensor, x2: Tensor) => cosineSimilarity(x1, { x2, dim: -1 }),
  },
  {
    name: 'integers',
    inputs: [
      { shape: [2, 2], dtype: 'int64' },
      { shape: [2, 2], dtype: 'int64' },
    ],
    run: cosineSimilarity,
    throws: /cosineSimilarity: one of both must be floating/,
  },
  {
    name: 'an axis that is not there',
    inputs: [[3], [3]],
    run: cosineSimilarity,
    throws: /axis 1 is outside/,
  },
])

samplesFor('pairwiseDistance', [
  { name: 'rows', golden: 'margin-losses:pairwiseDistance/plain', run: pairwiseDistance },
  {
    name: 'all options',
    golden: 'margin-losses:pairwiseDistance/options',
    run: (a: Tensor, b: Tensor) => pairwiseDistance(a, b, 3, 0.1, true),
  },
  {
    name: 'integers become floating',
    golden: 'margin-losses:pairwiseDistance/integers',
    run: pairwiseDistance,
  },
  {
    name: 'numbers',
    inputs: [[], []],
    run: pairwiseDistance,
    throws: /x1 and x2 have no axis/,
  },
])
