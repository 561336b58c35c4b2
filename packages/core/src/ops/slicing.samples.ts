import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { narrow, select, slice, unfold } from './slicing.ts'

samplesFor('select', [
  { name: 'from the back', run: (x: Tensor) => select(x, 1, -1), golden: 'views:select' },
  {
    name: 'outside',
    inputs: [[3, 4]],
    run: (x: Tensor) => select(x, 0, 3),
    throws: /index 3 is outside axis 0, which has 3/,
  },
  {
    name: 'without axes',
    inputs: [[]],
    run: (x: Tensor) => select(x, 0, 0),
    throws: /the tensor has no axes/,
  },
])
samplesFor('slice', [
  { name: 'with a step', run: (x: Tensor) => slice(x, 0, 1, 6, 2), golden: 'views:slice' },
  { name: 'bounds are cut', inputs: [[4, 2]], run: (x: Tensor) => slice(x, 0, -100, 100) },
  { name: 'nothing left', inputs: [[4, 2]], run: (x: Tensor) => slice(x, 0, 3, 1) },
])
samplesFor('narrow', [
  { name: 'an inner axis', run: (x: Tensor) => narrow(x, 1, 1, 3), golden: 'views:narrow' },
  {
    name: 'by name, from the back',
    inputs: [[4, 5]],
    run: (x: Tensor) => narrow(x, 0, { start: -2, length: 1 }),
  },
  {
    name: 'outside',
    inputs: [[4, 5]],
    run: (x: Tensor) => narrow(x, 1, 3, 3),
    throws: /3 positions from 3 do not lie in axis 1/,
  },
])
samplesFor('windowGrad', [
  { name: 'reached through select', inputs: [[3, 4]], run: (x: Tensor) => select(x, 0, 1) },
])
samplesFor('unfold', [
  {
    name: 'windows that overlap a little',
    run: (x: Tensor) => unfold(x, 1, 3, 2),
    golden: 'views:unfold',
  },
  {
    name: 'windows with gaps',
    run: (x: Tensor) => unfold(x, { dimension: 0, size: 2, step: 3 }),
    golden: 'views:unfold/apart',
  },
  { name: 'without axes', run: (x: Tensor) => unfold(x, 0, 1, 1), golden: 'views:unfold/scalar' },
  { name: 'empty windows', inputs: [[3]], run: (x: Tensor) => unfold(x, 0, 0, 2) },
  {
    name: 'a window larger than the axis',
    inputs: [[3]],
    run: (x: Tensor) => unfold(x, 0, 4, 1),
    throws: /size is a whole number from 0 to 3/,
  },
  {
    name: 'a step of 0',
    inputs: [[3]],
    run: (x: Tensor) => unfold(x, 0, 2, 0),
    throws: /step must be a whole number ≥ 1, not 0/,
  },
])
samplesFor('unfoldGrad', [
  {
    name: 'windows that overlap',
    run: (x: Tensor) => unfold(x, 0, 4, 1),
    golden: 'views:unfold/overlap',
  },
])
