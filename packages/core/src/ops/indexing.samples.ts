import type { Tensor } from '../tensor.ts'
import { samplesFor } from '../testing/samples.ts'
import type { Index } from './indexing.ts'
import { indexPut, span } from './indexing.ts'

/** Assignment to a copy: inputs are the tensor, the value, then what `index` makes an index of. */
function assign(
  index: (...parts: Tensor[]) => Index | Index[],
  accumulate = false,
): (x: Tensor, value: Tensor, ...parts: Tensor[]) => Tensor {
  return (x, value, ...parts) => x.clone().setAt(index(...parts), value, { accumulate })
}

const indices = { shape: [3], dtype: 'int64', values: [1, 0, 1] } as const
const mask = { shape: [2, 3], dtype: 'bool', values: [1, 0, 1, 0, 1, 1] } as const

samplesFor('at', [
  { name: 'a number', run: (x: Tensor) => x.at(-1), golden: 'indexing:at/number' },
  {
    name: 'slices as text',
    run: (x: Tensor) => x.at('1:, ..., ::2'),
    golden: 'indexing:at/slices',
  },
  {
    name: 'slices as spans',
    run: (x: Tensor) => x.at(span(1), '...', span(null, null, 2)),
    golden: 'indexing:at/slices',
  },
  {
    name: 'new axes',
    run: (x: Tensor) => x.at(null, ':', 1, null),
    golden: 'indexing:at/new axes',
  },
  { name: 'an empty slice', run: (x: Tensor) => x.at('2:1'), golden: 'indexing:at/empty slice' },
  {
    name: 'of a transposed tensor',
    inputs: [{ shape: [4, 5], layout: 'transposed' }],
    run: (x: Tensor) => x.at('::3, 1:-1'),
  },
  { name: 'all of a tensor without axes', inputs: [[]], run: (x: Tensor) => x.at('...', null) },
  {
    name: 'a number outside',
    inputs: [[2, 3]],
    run: (x: Tensor) => x.at(':', 3),
    throws: /at: index 3 is outside axis 1, which has 3 positions/,
  },
  {
    name: 'more parts than axes',
    inputs: [[2]],
    run: (x: Tensor) => x.at(0, 0),
    throws: /at: the index has 2 parts for 1 axis/,
  },
  {
    name: 'a negative step',
    inputs: [[4]],
    run: (x: Tensor) => x.at('::-1'),
    throws: /at: the step of a slice must be at least 1, not -1/,
  },
  {
    name: 'text that is no index',
    inputs: [[4]],
    run: (x: Tensor) => x.at('1:two'),
    throws: /at: expected ',' or the end, found 'two' at character 2 of the index/,
  },
])
samplesFor('atGrad', [
  { name: 'reached through at', inputs: [[3, 4]], run: (x: Tensor) => x.at('1:, ::2') },
])
samplesFor('index', [
  {
    name: 'of the first axis',
    run: (x: Tensor, i: Tensor) => x.at(i),
    golden: 'indexing:at/index',
  },
  {
    name: 'of the last axis',
    run: (x: Tensor, i: Tensor) => x.at('...', i),
    golden: 'indexing:at/index of the last axis',
  },
  {
    name: 'as arrays',
    inputs: [[3, 4]],
    run: (x: Tensor) => x.at([2, 0], [[1], [3]]),
  },
  {
    name: 'of neighbouring axes',
    run: (x: Tensor, i: Tensor, j: Tensor) => x.at(':', i, j),
    golden: 'indexing:at/neighbours',
  },
  {
    name: 'of axes that are apart',
    run: (x: Tensor, i: Tensor, j: Tensor) => x.at(i, ':', j),
    golden: 'indexing:at/apart',
  },
  {
    name: 'with numbers, slices and a new axis',
    run: (x: Tensor, i: Tensor, j: Tensor) => x.at(1, i, '1:3', null, j),
    golden: 'indexing:at/mixed',
  },
  {
    name: 'a mask of the first axes',
    run: (x: Tensor, m: Tensor) => x.at(m),
    golden: 'indexing:at/mask of the first axes',
  },
  {
    name: 'a mask and an index',
    run: (x: Tensor, m: Tensor, i: Tensor) => x.at(m, i),
    golden: 'indexing:at/mask and index',
  },
  {
    name: 'two masks',
    run: (x: Tensor, m: Tensor, n: Tensor) => x.at(m, ':', n),
    golden: 'indexing:at/masks',
  },
  { name: 'true', run: (x: Tensor) => x.at(true), golden: 'indexing:at/true' },
  {
    name: 'of a transposed tensor',
    inputs: [{ shape: [3, 2, 4], layout: 'transposed' }, indices],
    run: (x: Tensor, i: Tensor) => x.at(':', i),
  },
  {
    name: 'of every second element',
    inputs: [{ shape: [2, 6], layout: 'sliced' }, indices],
    run: (x: Tensor, i: Tensor) => x.at(i),
  },
  {
    name: 'of a channels-last tensor, which stays so',
    inputs: [{ shape: [2, 3, 2, 2], layout: 'channelsLast' }, indices],
    run: (x: Tensor, i: Tensor) => x.at(i),
  },
  {
    name: 'of an expanded tensor',
    inputs: [{ shape: [2, 3], layout: 'expanded' }, indices],
    run: (x: Tensor, i: Tensor) => x.at(i),
  },
  { name: 'an empty index', inputs: [[3, 2]], run: (x: Tensor) => x.at([]) },
  { name: 'of an empty axis', inputs: [[0, 2]], run: (x: Tensor) => x.at([[], []]) },
  {
    name: 'an index outside',
    inputs: [[2, 3], { shape: [2], dtype: 'int64', values: [0, 5] }],
    run: (x: Tensor, i: Tensor) => x.at(':', i),
    throws: /at: index 5 at position \[1\] is outside axis 1, which has 3 positions/,
  },
  {
    name: 'one of several indices outside',
    inputs: [[2, 3]],
    run: (x: Tensor) => x.at([0, 1], [[0], [-4]]),
    throws: /at: index -4 at position \[1, 0\] is outside axis 1, which has 3 positions/,
  },
  {
    name: 'a floating index',
    inputs: [[2], [2]],
    run: (x: Tensor, i: Tensor) => x.at(i),
    throws: /at: a tensor used as index must be int64, int32, uint8 or bool, not float32/,
  },
])
samplesFor('indexGrad', [
  { name: 'reached through at', inputs: [[4, 2]], run: (x: Tensor) => x.at([3, 3, 0]) },
])
samplesFor('indexPositions', [
  { name: 'two index tensors', inputs: [[2, 3]], run: (x: Tensor) => x.at([1, 0], [[2], [-1]]) },
  {
    name: 'that do not broadcast',
    inputs: [[2, 3]],
    run: (x: Tensor) => x.at([1, 0], [0, 1, 2]),
    throws: /at: shapes \[2\] and \[3\] do not broadcast/,
  },
])
samplesFor('setAt', [
  { name: 'a number', run: assign(() => 1), golden: 'indexing:setAt/number' },
  { name: 'slices', run: assign(() => '1:, ..., ::2'), golden: 'indexing:setAt/slices' },
  { name: 'a new axis', run: assign(() => [null, 0]), golden: 'indexing:setAt/new axis' },
  {
    name: 'added',
    inputs: [[3, 4], [4]],
    run: assign(() => '1:', true),
  },
  {
    name: 'a slice and an index',
    run: assign((i) => ['1:3', i]),
    golden: 'indexing:setAt/slice and index',
  },
  {
    name: 'a mask behind a slice',
    inputs: [[2, 2, 3], [], mask],
    run: assign((m) => [':1', m]),
  },
  {
    name: 'a value that does not broadcast',
    inputs: [[2, 3], [2]],
    run: (x: Tensor, v: Tensor) => x.setAt([0], v),
    throws: /setAt: the value has shape \[2\], the part it goes to \[3\]/,
  },
  {
    name: 'a value that does not fit',
    inputs: [{ shape: [2], dtype: 'uint8' }],
    run: (x: Tensor) => x.setAt([0], 256),
    throws: /setAt: 256 does not fit uint8/,
  },
])
samplesFor('indexPut', [
  { name: 'rows', run: assign((i) => [i]), golden: 'indexing:setAt/index' },
  {
    name: 'a value that broadcasts',
    run: assign((i) => [':', i]),
    golden: 'indexing:setAt/broadcast',
  },
  {
    name: 'axes that are apart',
    run: assign((i, j) => [i, ':', j]),
    golden: 'indexing:setAt/apart',
  },
  { name: 'a mask', run: assign((m) => [m]), golden: 'indexing:setAt/mask' },
  {
    name: 'a mask of the first axes',
    run: assign((m) => [m]),
    golden: 'indexing:setAt/mask of rows',
  },
  {
    name: 'added where positions repeat',
    run: assign((i) => [i], true),
    golden: 'indexing:setAt/accumulate',
  },
  {
    name: 'not in place',
    inputs: [[2, 3], [3], indices],
    run: (x: Tensor, v: Tensor, i: Tensor) => indexPut(x, [i.narrow(0, 0, 1)], v),
  },
  {
    name: 'an index outside',
    inputs: [[2, 3]],
    run: (x: Tensor) => x.setAt([[0, 2]], 1),
    throws: /setAt: index 2 at position \[1\] is outside axis 0, which has 2 positions/,
  },
])
