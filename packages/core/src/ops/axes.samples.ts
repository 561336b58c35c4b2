import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { moveaxis, movedim, permute, swapaxes, swapdims, t, transpose } from './axes.ts'

samplesFor('permute', [
  { name: 'three axes', run: (x: Tensor) => permute(x, 2, 0, 1), golden: 'views:permute' },
  { name: 'by name', inputs: [[2, 3, 4]], run: (x: Tensor) => permute(x, { dims: [0, -1, 1] }) },
  { name: 'without axes', inputs: [[]], run: (x: Tensor) => permute(x, []) },
  {
    name: 'an axis twice',
    inputs: [[2, 3]],
    run: (x: Tensor) => permute(x, 0, 0),
    throws: /more than once/,
  },
  {
    name: 'an axis left out',
    inputs: [[2, 3]],
    run: (x: Tensor) => permute(x, 0),
    throws: /1 axes are named, the tensor has 2/,
  },
])
samplesFor('transpose', [
  {
    name: 'two axes exchanged',
    run: (x: Tensor) => transpose(x, -1, 0),
    golden: 'views:transpose',
  },
  { name: 'by name', inputs: [[2, 3, 4]], run: (x: Tensor) => transpose(x, 0, { dim1: 2 }) },
  {
    name: 'no such axis',
    inputs: [[2, 3]],
    run: (x: Tensor) => transpose(x, 0, 2),
    throws: /transpose: axis 2 is outside \[-2, 1\]/,
  },
])
samplesFor('swapaxes', [
  { name: 'first and last', run: (x: Tensor) => swapaxes(x, 0, -1), golden: 'views:swapaxes' },
])
samplesFor('swapdims', [
  {
    name: 'inner axes',
    run: (x: Tensor) => swapdims(x, { dim0: 1, dim1: 2 }),
    golden: 'views:swapdims',
  },
])
samplesFor('t', [
  { name: 'a matrix', run: t, golden: 'views:t' },
  { name: 'a vector stays', inputs: [[3]], run: t },
  { name: 'three axes', inputs: [[2, 3, 4]], run: t, throws: /t\(\) takes at most 2 axes, not 3/ },
])
samplesFor('T', [
  { name: 'a matrix', run: (x: Tensor) => x.T, golden: 'views:T' },
  { name: 'three axes are reversed', inputs: [[2, 3, 4]], run: (x: Tensor) => x.T },
])
samplesFor('mT', [
  { name: 'a batch of matrices', run: (x: Tensor) => x.mT, golden: 'views:mT' },
  {
    name: 'a vector',
    inputs: [[3]],
    run: (x: Tensor) => x.mT,
    throws: /mT: the tensor has one axis/,
  },
])
samplesFor('movedim', [
  { name: 'two axes', run: (x: Tensor) => movedim(x, [0, 1], [-1, 0]), golden: 'views:movedim' },
  {
    name: 'two to one place',
    inputs: [[2, 3]],
    run: (x: Tensor) => movedim(x, [0, 1], 0),
    throws: /2 axes cannot move to 1 places/,
  },
])
samplesFor('moveaxis', [
  {
    name: 'to the end',
    run: (x: Tensor) => moveaxis(x, 0, { destination: 2 }),
    golden: 'views:moveaxis',
  },
])
