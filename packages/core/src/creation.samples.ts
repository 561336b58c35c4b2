import {
  empty,
  emptyLike,
  emptyStrided,
  eye,
  full,
  fullLike,
  ones,
  onesLike,
  zeros,
  zerosLike,
} from './creation.ts'
import { asarray, asTensor, frombuffer, fromNumpy, scalarTensor, tensor } from './from-data.ts'
import { arange, linspace, logspace } from './ranges.ts'
import type { Tensor } from './tensor.ts'
import { samplesFor } from './testing/samples.ts'

/** What is the same at every call of a tensor with unspecified contents. */
const layout = (x: Tensor): Tensor => tensor([...x.shape, ...x.stride()])

samplesFor('empty', [
  { name: 'any values', inputs: [], run: () => empty([2, 3]) },
  {
    name: 'with the channels innermost',
    inputs: [],
    run: () => layout(empty(1, 2, 3, 3, { memoryFormat: 'channelsLast' })),
  },
])
samplesFor('emptyLike', [
  {
    name: 'with the order in memory',
    inputs: [{ shape: [2, 3], layout: 'transposed' }],
    run: (x: Tensor) => layout(emptyLike(x)),
    gradcheck: false,
  },
])
samplesFor('emptyStrided', [
  { name: 'elements apart', inputs: [], run: () => layout(emptyStrided([2, 3], [1, 4])) },
  { name: 'elements on each other', inputs: [], run: () => layout(emptyStrided([2, 3], [0, 0])) },
  {
    name: 'a stride too few',
    inputs: [],
    run: () => emptyStrided([2, 3], [1]),
    throws: /2 sizes \[2, 3\] need as many strides, not 1/,
  },
  {
    name: 'beyond memory',
    inputs: [],
    run: () => emptyStrided([2, 2], [2 ** 45, 2 ** 45]),
    throws: /more elements than memory can hold/,
  },
])
samplesFor('zeros', [
  { name: 'sizes one by one', run: () => zeros(2, 3), golden: 'creation:zeros' },
  { name: 'by name', inputs: [], run: () => zeros({ size: [2], dtype: 'bool' }) },
  {
    name: 'a wrong option',
    inputs: [],
    run: () => zeros([2], { dType: 'bool' } as object),
    throws: /zeros: there is no option 'dType'/,
  },
])
samplesFor('ones', [
  { name: 'of integers', run: () => ones([2, 3], { dtype: 'int64' }), golden: 'creation:ones' },
])
samplesFor('fill', [
  { name: 'zeros', inputs: [], run: () => zeros([2, 3]) },
  { name: 'ones without elements', inputs: [], run: () => ones([0, 3]) },
  { name: 'whole numbers', inputs: [], run: () => full([2], 7) },
  {
    name: 'a negative size',
    inputs: [],
    run: () => zeros([-1]),
    throws: /sizes are whole numbers ≥ 0, but one is -1/,
  },
  {
    name: 'a size beyond memory',
    inputs: [],
    run: () => zeros([2 ** 40, 2 ** 40]),
    throws: /more elements than memory can hold/,
  },
])
samplesFor('full', [
  { name: 'a fraction', run: () => full([2], 2.5), golden: 'creation:full' },
  { name: 'by name', inputs: [], run: () => full({ size: [2], fillValue: true }) },
  {
    name: 'a number that the dtype cannot hold',
    inputs: [],
    run: () => full([2], 300, { dtype: 'uint8' }),
    throws: /full: 300 cannot be held by uint8/,
  },
])
samplesFor('zerosLike', [{ name: 'a matrix', run: zerosLike, golden: 'creation:zerosLike' }])
samplesFor('onesLike', [{ name: 'a matrix', run: onesLike, golden: 'creation:onesLike' }])
samplesFor('fullLike', [
  { name: 'a whole number', run: (x: Tensor) => fullLike(x, 7), golden: 'creation:fullLike' },
  {
    name: 'in another order in memory',
    inputs: [[1, 2, 3, 3]],
    run: (x: Tensor) =>
      layout(fullLike(x, { fillValue: 1, memoryFormat: 'channelsLast', dtype: 'int64' })),
    gradcheck: false,
  },
])
samplesFor('eye', [{ name: 'with more columns', run: () => eye(2, 3), golden: 'creation:eye' }])
samplesFor('arange', [
  { name: 'whole numbers', run: () => arange(5), golden: 'creation:arange' },
  { name: 'downwards', run: () => arange(2, -1, -0.5), golden: 'creation:arange/step' },
  {
    name: 'fractions cut to integers',
    run: () => arange(0.1, { end: -7.9, step: -4, dtype: 'int32' }),
    golden: 'creation:arange/integers',
  },
  { name: 'a step of 0', inputs: [], run: () => arange(0, 5, 0), throws: /step must not be 0/ },
  {
    name: 'a step that is cut to 0',
    inputs: [],
    run: () => arange(0, 5, 0.5, { dtype: 'int64' }),
    throws: /step must not be 0.*int64 cuts it to 0/s,
  },
  {
    name: 'the wrong way',
    inputs: [],
    run: () => arange(5, 0),
    throws: /step leads away from end/,
  },
])
samplesFor('linspace', [
  { name: 'seven numbers', run: () => linspace(-1, 2, 7), golden: 'creation:linspace' },
  {
    name: 'of integers',
    run: () => linspace(tensor(0), 10, { steps: 5, dtype: 'int64' }),
    golden: 'creation:linspace/integers',
  },
  {
    name: 'half a step',
    inputs: [],
    run: () => linspace(0, 1, 2.5),
    throws: /steps must be a whole number/,
  },
])
samplesFor('logspace', [
  { name: 'of ten', run: () => logspace(-1, 1, 5), golden: 'creation:logspace' },
  {
    name: 'of integers',
    run: () => logspace(0.5, 4, 4, 2, { dtype: 'int64' }),
    golden: 'creation:logspace/integers',
  },
  {
    name: 'a bound with axes',
    inputs: [[1]],
    run: (x: Tensor) => logspace(x, 2, 3),
    throws: /start has 1 axes; only tensors without axes are numbers/,
  },
])
samplesFor('tensor', [
  {
    name: 'nested arrays',
    run: () =>
      tensor([
        [1, 2],
        [3, 4.5],
      ]),
    golden: 'creation:tensor',
  },
  { name: 'tensors in an array', inputs: [], run: () => tensor([tensor(1), tensor(2.5)]) },
  {
    name: 'a number that the dtype cannot hold',
    inputs: [],
    run: () => tensor([1, -129], { dtype: 'int8' }),
    throws: /tensor: -129 cannot be held by int8/,
  },
])
samplesFor('asTensor', [
  { name: 'booleans', run: () => asTensor([true, false]), golden: 'creation:asTensor' },
])
samplesFor('asarray', [
  { name: 'whole numbers', run: () => asarray([[1], [2]]), golden: 'creation:asarray' },
  {
    name: 'a copy that must not be',
    inputs: [[2]],
    run: (x: Tensor) => asarray(x, { copy: false, dtype: 'int32' }),
    throws: /float32 cannot become int32 without a copy/,
  },
])
samplesFor('scalarTensor', [
  { name: 'a whole number', run: () => scalarTensor(5), golden: 'creation:scalarTensor' },
])
samplesFor('fromNumpy', [{ name: 'bytes', inputs: [], run: () => fromNumpy(Int8Array.of(1, -2)) }])
samplesFor('frombuffer', [
  {
    name: 'bytes as integers',
    run: () => frombuffer(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8).buffer, { dtype: 'int32' }),
    golden: 'creation:frombuffer',
  },
  {
    name: 'bytes left over',
    inputs: [],
    run: () => frombuffer(new Uint8Array(5), { dtype: 'int16' }),
    throws: /5 bytes from 0 on are not one or more elements of 2 bytes/,
  },
])
samplesFor('newZeros', [
  { name: 'of doubles', run: (x: Tensor) => x.newZeros(2, 3), golden: 'creation:newZeros' },
])
samplesFor('newOnes', [
  { name: 'one axis', run: (x: Tensor) => x.newOnes([2]), golden: 'creation:newOnes' },
])
samplesFor('newFull', [
  { name: 'of floats', run: (x: Tensor) => x.newFull([2], 7), golden: 'creation:newFull' },
])
samplesFor('newTensor', [
  { name: 'of integers', run: (x: Tensor) => x.newTensor([1, 2]), golden: 'creation:newTensor' },
])
samplesFor('newEmpty', [
  {
    name: 'another dtype',
    inputs: [[1]],
    run: (x: Tensor) => layout(x.newEmpty(2, { dtype: 'int32' })),
    gradcheck: false,
  },
])
samplesFor('newEmptyStrided', [
  {
    name: 'elements apart',
    inputs: [[1]],
    run: (x: Tensor) => layout(x.newEmptyStrided([2], { stride: [3] })),
    gradcheck: false,
  },
])
