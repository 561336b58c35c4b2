import { manualSeed } from '../generator.ts'
import type { Tensor } from '../tensor.ts'
import { samplesFor } from '../testing/samples.ts'
import { dropout } from './dropout.ts'

/** The same elements go at each call. */
function seeded(x: Tensor, p: number, training?: boolean): Tensor {
  manualSeed(3)
  return dropout(x, p, training)
}

samplesFor('dropout', [
  {
    name: 'a matrix',
    inputs: [[5, 7]],
    run: (x: Tensor) => seeded(x, 0.4),
    golden: 'indexing:dropout',
  },
  {
    name: 'a transposed tensor, drawn as it lies in memory',
    inputs: [{ shape: [5, 7], layout: 'transposed' }],
    run: (x: Tensor) => seeded(x, 0.4),
  },
  {
    name: 'stored channels-last, drawn in logical order',
    inputs: [{ shape: [2, 3, 2, 2], layout: 'channelsLast' }],
    run: (x: Tensor) => seeded(x, 0.4),
  },
  {
    name: 'infinities become NaN where they are zeroed',
    run: (x: Tensor) => seeded(x, 0.5),
    golden: 'indexing:dropout of infinities',
    gradcheck: false, // not finite
  },
  {
    name: 'everything',
    inputs: [[3]],
    run: (x: Tensor) => seeded(x, 1),
    golden: 'indexing:dropout of everything',
    gradcheck: false, // an input is infinite
  },
  { name: 'nothing while evaluating', inputs: [[3]], run: (x: Tensor) => seeded(x, 0.5, false) },
  { name: 'empty', inputs: [[0, 3]], run: (x: Tensor) => seeded(x, 0.5) },
  {
    name: 'a probability above 1',
    inputs: [[2]],
    run: (x: Tensor) => dropout(x, 1.5),
    throws: /dropout: p must lie in \[0, 1\], not 1.5/,
  },
  {
    name: 'integers',
    inputs: [{ shape: [2], dtype: 'int64' }],
    run: (x: Tensor) => dropout(x, 0.5),
    throws: /dropout: elements must be floating/,
  },
])
samplesFor('dropoutGrad', [
  { name: 'reached through dropout', inputs: [[4, 4]], run: (x: Tensor) => seeded(x, 0.25) },
])
