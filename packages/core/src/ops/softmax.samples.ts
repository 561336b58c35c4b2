import type { Tensor } from '../tensor.ts'
import type { Sample } from '../testing/samples.ts'
import { samplesFor } from '../testing/samples.ts'
import { logSoftmax, softmax } from './softmax.ts'

function samplesOf(op: string, fn: typeof softmax): Sample[] {
  const along = (axis: number) => (x: Tensor) => fn(x, axis)
  return [
    { name: 'rows', golden: `softmax:${op}/rows`, run: along(1) },
    { name: 'columns', golden: `softmax:${op}/columns`, run: along(0) },
    { name: 'long rows', golden: `softmax:${op}/long rows`, run: along(-1) },
    { name: 'a middle axis', golden: `softmax:${op}/a middle axis`, run: along(1) },
    { name: 'float64', golden: `softmax:${op}/float64`, run: along(1) },
    { name: 'without axes', golden: `softmax:${op}/without axes`, run: along(0) },
    { name: 'one element', golden: `softmax:${op}/one element`, run: along(1) },
    { name: 'empty', golden: `softmax:${op}/empty`, run: along(1) },
    { name: 'extreme', golden: `softmax:${op}/extreme`, run: along(1), gradcheck: false },
    {
      name: 'extreme columns',
      golden: `softmax:${op}/extreme columns`,
      run: along(0),
      gradcheck: false,
    },
    {
      name: 'integers, converted',
      golden: `softmax:${op}/of integers`,
      run: (x: Tensor) => fn(x, 1, { dtype: 'float64' }),
    },
    { name: 'transposed', inputs: [{ shape: [3, 5], layout: 'transposed' }], run: along(1) },
    { name: 'sliced', inputs: [{ shape: [3, 5], layout: 'sliced' }], run: along(0) },
    {
      name: 'channels of pixels stored channels-last',
      inputs: [{ shape: [2, 3, 2, 2], layout: 'channelsLast' }],
      run: along(1),
    },
    {
      name: 'no such axis',
      inputs: [[2, 3]],
      run: along(2),
      throws: /axis 2 is outside \[-2, 1\]/,
    },
    {
      name: 'integers',
      inputs: [{ shape: [2], dtype: 'int64' }],
      run: along(0),
      throws: /is for floating dtypes.*dtype: 'float32'/s,
    },
  ]
}

samplesFor('softmax', samplesOf('softmax', softmax))
samplesFor('logSoftmax', samplesOf('logSoftmax', logSoftmax))
samplesFor('softmaxGrad', [
  { name: 'reached through softmax', inputs: [[2, 5]], run: (x: Tensor) => softmax(x, 1) },
])
samplesFor('logSoftmaxGrad', [
  { name: 'reached through logSoftmax', inputs: [[2, 5]], run: (x: Tensor) => logSoftmax(x, 1) },
])
