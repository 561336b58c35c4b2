import { samplesFor } from '../testing/samples.ts'
import { add, mul } from './binary.ts'

samplesFor('add', [
  {
    name: 'equal shapes',
    inputs: [
      [2, 3],
      [2, 3],
    ],
    run: add,
  },
  {
    name: 'both broadcast',
    inputs: [
      [2, 1, 3],
      [4, 1],
    ],
    run: add,
  },
  { name: 'a number', inputs: [[2, 3], 2.5], run: add },
  {
    name: 'shapes that do not fit',
    inputs: [[2, 3], [4]],
    run: add,
    throws: /add.*do not broadcast.*axis -1 has size 3 in one and 4 in the other/s,
  },
])

samplesFor('mul', [
  {
    name: 'equal shapes',
    inputs: [
      [2, 3],
      [2, 3],
    ],
    run: mul,
  },
  {
    name: 'both broadcast',
    inputs: [
      [2, 1, 3],
      [4, 1],
    ],
    run: mul,
  },
  { name: 'a number', inputs: [[2, 3], 2.5], run: mul },
])
