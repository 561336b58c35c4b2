import { cross, diagonal, inv, vander } from './linalg.ts'
import type { Tensor } from './tensor.ts'
import { samplesFor } from './testing/samples.ts'

samplesFor('inv', [{ name: 'a batch', golden: 'linalg:inverse', run: inv }])

samplesFor('linalg.diagonal', [
  {
    name: 'of the last two axes',
    golden: 'linalg:diagonal',
    run: (x: Tensor) => diagonal(x, { offset: 1 }),
  },
])

samplesFor('linalg.cross', [
  {
    name: 'along the last axis',
    golden: 'products:linalg.cross',
    run: (a: Tensor, b: Tensor) => cross(a, b),
  },
  {
    name: 'an axis of another size',
    inputs: [
      [5, 3],
      [5, 1],
    ],
    run: (a: Tensor, b: Tensor) => cross(a, b),
    throws: /linalg\.cross: other\.shape\[1\] must be 3, not 1/,
  },
])

samplesFor('linalg.vander', [
  {
    name: 'four powers',
    golden: 'linalg:vander',
    run: (x: Tensor) => vander(x, { N: 4 }),
  },
  { name: 'integers', golden: 'linalg:vander of integers', run: (x: Tensor) => vander(x) },
  {
    name: 'one power',
    inputs: [[3]],
    run: (x: Tensor) => vander(x, 1),
    throws: /N must be a whole number > 1, not 1/,
  },
])
