import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import {
  broadcastShapes,
  broadcastTensors,
  broadcastTo,
  expand,
  expandAs,
  sumToSize,
} from './expand.ts'

samplesFor('expand', [
  {
    name: 'an axis of size 1 and a new one',
    run: (x: Tensor) => expand(x, 4, -1, 3),
    golden: 'views:expand',
  },
  { name: 'by name', inputs: [[1]], run: (x: Tensor) => expand(x, { size: [2, 0] }) },
  {
    name: 'an axis of another size',
    inputs: [[2, 3]],
    run: (x: Tensor) => expand(x, 2, 4),
    throws: /cannot be expanded/,
  },
  {
    name: '-1 for a new axis',
    inputs: [[3]],
    run: (x: Tensor) => expand(x, -1, 3),
    throws: /sizes are whole numbers ≥ 0, but one is -1/,
  },
])
samplesFor('expandAs', [
  {
    name: 'to three axes',
    run: (x: Tensor, y: Tensor) => expandAs(x, y),
    golden: 'views:expandAs',
  },
])
samplesFor('broadcastTo', [
  {
    name: 'to three axes',
    run: (x: Tensor) => broadcastTo(x, [2, 3, 4]),
    golden: 'views:broadcastTo',
  },
])
samplesFor('broadcastTensors', [
  {
    name: 'each lacks an axis',
    run: (...x: Tensor[]) => broadcastTensors(x),
    golden: 'views:broadcastTensors',
  },
  { name: 'one by one', inputs: [[2, 1], [3]], run: (...x: Tensor[]) => broadcastTensors(...x) },
  {
    name: 'sizes differ',
    inputs: [[2], [3]],
    run: (...x: Tensor[]) => broadcastTensors(x),
    throws: /do not broadcast/,
  },
])
samplesFor('broadcastShapes', [
  {
    name: 'sizes that do not fit',
    inputs: [[1]],
    run: (x: Tensor) => x.expand(broadcastShapes([2, 1], [3], 4)),
    throws: /shapes \[2, 3\] and \[4\] do not broadcast/,
  },
  {
    name: 'gives the shape',
    inputs: [[3]],
    run: (x: Tensor) => x.expand(broadcastShapes(3, [2, 1])),
  },
])
samplesFor('sumToSize', [
  {
    name: 'over an inner and a leading axis',
    run: (x: Tensor) => sumToSize(x, 3, 1),
    golden: 'views:sumToSize',
  },
  { name: 'nothing to sum', inputs: [[2, 3]], run: (x: Tensor) => sumToSize(x, [2, 3]) },
  { name: 'to no axes', inputs: [[2, 3]], run: (x: Tensor) => sumToSize(x, []) },
  {
    name: 'sizes that do not fit',
    inputs: [[2, 3]],
    run: (x: Tensor) => sumToSize(x, 2, 2),
    throws: /\[2, 2\] does not broadcast to \[2, 3\]/,
  },
])
