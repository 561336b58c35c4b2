import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import {
  chunk,
  dsplit,
  hsplit,
  split,
  splitWithSizes,
  tensorSplit,
  unbind,
  vsplit,
} from './splitting.ts'

samplesFor('split', [
  { name: 'the last part is shorter', run: (x: Tensor) => split(x, 2), golden: 'joining:split' },
  { name: 'by sizes', inputs: [[5, 2]], run: (x: Tensor) => split(x, [1, 4], 0) },
  { name: 'by name', inputs: [[2, 5]], run: (x: Tensor) => split(x, { splitSize: 3, dim: 1 }) },
  {
    name: 'sizes that do not add up',
    inputs: [[5]],
    run: (x: Tensor) => split(x, [1, 2]),
    throws: /the sizes add up to 3, axis 0 has 5/,
  },
])
samplesFor('splitWithSizes', [
  {
    name: 'an empty part',
    run: (x: Tensor) => splitWithSizes(x, [1, 0, 3], 1),
    golden: 'joining:splitWithSizes',
  },
])
samplesFor('chunk', [
  { name: 'of an inner axis', run: (x: Tensor) => chunk(x, 3, 1), golden: 'joining:chunk' },
  { name: 'of an empty axis', inputs: [[0, 2]], run: (x: Tensor) => chunk(x, { chunks: 2 }) },
  {
    name: 'none',
    inputs: [[2]],
    run: (x: Tensor) => chunk(x, 0),
    throws: /chunks is a whole number ≥ 1, not 0/,
  },
])
samplesFor('unbind', [
  { name: 'an inner axis', run: (x: Tensor) => unbind(x, 1), golden: 'joining:unbind' },
])
samplesFor('tensorSplit', [
  { name: 'into three', run: (x: Tensor) => tensorSplit(x, 3), golden: 'joining:tensorSplit' },
  {
    name: 'at two places',
    run: (x: Tensor) => tensorSplit(x, { indices: [1, -1], dim: 1 }),
    golden: 'joining:tensorSplit/at',
  },
  {
    name: 'into none',
    inputs: [[2]],
    run: (x: Tensor) => tensorSplit(x, 0),
    throws: /0 parts cannot be made/,
  },
])
samplesFor('hsplit', [
  { name: 'into two', run: (x: Tensor) => hsplit(x, 2), golden: 'joining:hsplit' },
  {
    name: 'uneven',
    inputs: [[3]],
    run: (x: Tensor) => hsplit(x, 2),
    throws: /2 parts of equal size do not make axis 0, which has 3/,
  },
])
samplesFor('vsplit', [
  { name: 'at two places', run: (x: Tensor) => vsplit(x, [1, 3]), golden: 'joining:vsplit' },
  {
    name: 'one axis',
    inputs: [[2]],
    run: (x: Tensor) => vsplit(x, 1),
    throws: /the tensor has 1 axes, vsplit\(\) needs 2/,
  },
])
samplesFor('dsplit', [
  { name: 'into two', run: (x: Tensor) => dsplit(x, 2), golden: 'joining:dsplit' },
])
