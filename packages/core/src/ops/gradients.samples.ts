import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import {
  geluGrad,
  geluTanhGrad,
  reluGrad,
  sigmoidGrad,
  siluGrad,
  softplusGrad,
  tanhGrad,
} from './gradients.ts'

type Gradient = (grad: Tensor, saved: Tensor) => Tensor

const gradients: [string, Gradient][] = [
  ['reluGrad', reluGrad],
  ['tanhGrad', tanhGrad],
  ['sigmoidGrad', sigmoidGrad],
  ['geluGrad', geluGrad],
  ['geluTanhGrad', geluTanhGrad],
  ['siluGrad', siluGrad],
  ['softplusGrad', (grad, x) => softplusGrad(grad, x, { beta: 2, threshold: 1.5 })],
]
for (const [name, run] of gradients) {
  samplesFor(name, [
    {
      name: 'values and gradients',
      golden: `activation:${name}`,
      run,
      // relu's outputs are at the kink.
      gradcheck: name !== 'reluGrad',
    },
    {
      name: 'views of different layouts',
      inputs: [
        { shape: [3, 4], layout: 'transposed' },
        { shape: [3, 4], layout: 'sliced' },
      ],
      run,
    },
    {
      name: 'empty',
      inputs: [
        [0, 3],
        [0, 3],
      ],
      run,
    },
  ])
}
