import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { gelu, relu, sigmoid, silu, softplus } from '../index.ts'

type Unary = (input: Tensor) => Tensor

const geluTanh: Unary = (x) => gelu(x, { approximate: 'tanh' })
const activations: [string, Unary][] = [
  ['relu', relu],
  ['sigmoid', sigmoid],
  ['gelu', gelu],
  ['geluTanh', geluTanh],
  ['silu', silu],
  ['softplus', softplus],
]
for (const [name, run] of activations) {
  samplesFor(name, [
    { name: 'values and gradients', golden: `activation:${name}`, run },
    {
      name: 'infinite, NaN and other special values',
      golden: `activation:${name}/special`,
      run,
      gradcheck: false,
    },
    { name: 'channels-last', inputs: [{ shape: [2, 3, 2, 2], layout: 'channelsLast' }], run },
    { name: 'a transposed view', inputs: [{ shape: [3, 4], layout: 'transposed' }], run },
    { name: 'empty', inputs: [[0, 3]], run },
  ])
}

samplesFor('relu', [
  { name: 'in place', golden: 'activation:relu', run: (x: Tensor) => x.clone().relu_() },
  { name: 'whole numbers', inputs: [{ shape: [5], dtype: 'int64' }], run: relu },
  {
    name: 'bool is refused',
    inputs: [{ shape: [2], dtype: 'bool' }],
    run: relu,
    throws: /relu: is not defined for bool/,
  },
])
samplesFor('sigmoid', [
  { name: 'in place', golden: 'activation:sigmoid', run: (x: Tensor) => x.clone().sigmoid_() },
  { name: 'whole numbers become floating', golden: 'activation:sigmoid/int64', run: sigmoid },
])
samplesFor('gelu', [
  {
    name: 'an approximation that does not exist',
    inputs: [[2]],
    run: (x: Tensor) => gelu(x, { approximate: 'sigmoid' as 'tanh' }),
    throws: /gelu: approximate is 'none' or 'tanh', not "sigmoid"/,
  },
])
samplesFor('softplus', [
  {
    name: 'beta and threshold',
    golden: 'activation:softplus/bend',
    run: (x: Tensor) => softplus(x, { beta: 2, threshold: 1.5 }),
  },
  {
    name: 'beta 0',
    inputs: [[2]],
    run: (x: Tensor) => softplus(x, { beta: 0 }),
    throws: /softplus: beta \(0\) and threshold \(20\) must be finite, and beta not 0/,
  },
])
