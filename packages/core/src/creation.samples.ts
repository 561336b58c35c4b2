import { arange, empty, eye, full, linspace, ones, zeros } from './creation.ts'
import { samplesFor } from './testing/samples.ts'

samplesFor('empty', [{ name: 'any values', inputs: [], run: () => empty([2, 3]) }])
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
samplesFor('arange', [
  { name: 'whole numbers', inputs: [], run: () => arange(5) },
  { name: 'downwards', inputs: [], run: () => arange(2, -1, -0.5) },
  { name: 'a step of 0', inputs: [], run: () => arange(0, 5, 0), throws: /step must not be 0/ },
])
samplesFor('linspace', [
  { name: 'five numbers', inputs: [], run: () => linspace(0, 1, 5) },
  {
    name: 'half a step',
    inputs: [],
    run: () => linspace(0, 1, 2.5),
    throws: /steps must be a whole number/,
  },
])
samplesFor('eye', [{ name: 'with more columns', inputs: [], run: () => eye(2, 3) }])
