import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { cat, chunk, split, stack, unbind } from './joining.ts'

samplesFor('cat', [
  {
    name: 'along the last axis',
    inputs: [
      [2, 3],
      [2, 1],
    ],
    run: (...x: Tensor[]) => cat(x, -1),
    golden: 'joining:cat',
  },
  {
    name: 'along the first axis, one part empty',
    inputs: [
      [0, 3],
      [2, 3],
    ],
    run: (...x: Tensor[]) => cat(x),
  },
  {
    name: 'as a new axis',
    inputs: [
      [2, 3],
      [2, 3],
    ],
    run: (...x: Tensor[]) => stack(x, 1),
    golden: 'joining:stack',
  },
  {
    name: 'transposed parts',
    inputs: [{ shape: [2, 3], layout: 'transposed' }, [1, 3]],
    run: (...x: Tensor[]) => cat(x),
  },
  {
    name: 'another axis differs',
    inputs: [
      [2, 3],
      [2, 4],
    ],
    run: (...x: Tensor[]) => cat(x, 0),
    throws: /all axes but 0 must be equal/,
  },
  {
    name: 'stacked shapes differ',
    inputs: [[2], [3]],
    run: (...x: Tensor[]) => stack(x),
    throws: /all shapes must be equal/,
  },
])
samplesFor('split', [
  {
    name: 'the last part is shorter',
    inputs: [[5, 2]],
    run: (x: Tensor) => split(x, 2),
    golden: 'joining:split',
  },
  { name: 'by sizes', inputs: [[5, 2]], run: (x: Tensor) => split(x, [1, 4], 0) },
  {
    name: 'in chunks',
    inputs: [[5, 4]],
    run: (x: Tensor) => chunk(x, 3, 1),
    golden: 'joining:chunk',
  },
  {
    name: 'one by one',
    inputs: [[3, 2]],
    run: (x: Tensor) => unbind(x, 1),
    golden: 'joining:unbind',
  },
])
