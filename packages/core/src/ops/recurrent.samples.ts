import type { Tensor } from '../tensor.ts'
import { samplesFor } from '../testing/samples.ts'
import { gruCell, lstmCell } from './recurrent.ts'

samplesFor('lstmCell', [
  {
    name: 'no biases',
    golden: 'recurrent:lstm/plain',
    run: (x: Tensor, h: Tensor, c: Tensor, wIh: Tensor, wHh: Tensor) => [
      ...lstmCell(x, { hx: [h, c], wIh, wHh }),
    ],
  },
  {
    name: 'biases',
    golden: 'recurrent:lstm/biases',
    run: (x: Tensor, h: Tensor, c: Tensor, ...weights: [Tensor, Tensor, Tensor, Tensor]) => [
      ...lstmCell(x, [h, c], ...weights),
    ],
  },
  {
    name: 'one state',
    inputs: [
      [2, 3],
      [2, 4],
      [16, 3],
      [16, 4],
    ],
    run: (x: Tensor, h: Tensor, wIh: Tensor, wHh: Tensor) => lstmCell(x, [h] as never, wIh, wHh).h,
    throws: /lstmCell: hx are two states \[h, c\]/,
  },
  {
    name: 'weights for another input',
    inputs: [
      [2, 3],
      [2, 4],
      [16, 5],
      [16, 4],
    ],
    run: (x: Tensor, h: Tensor, wIh: Tensor, wHh: Tensor) => lstmCell(x, [h, h], wIh, wHh).h,
    throws: /lstmCell: wIh must be \[16, 3\], not \[16, 5\]/,
  },
])

samplesFor('gruCell', [
  { name: 'no biases', golden: 'recurrent:gru/plain', run: gruCell },
  { name: 'biases', golden: 'recurrent:gru/biases', run: gruCell },
  {
    name: 'a state of another batch',
    inputs: [
      [2, 3],
      [1, 4],
      [12, 3],
      [12, 4],
    ],
    run: gruCell,
    throws: /gruCell: hx must be \[2, 4\], not \[1, 4\]/,
  },
  {
    name: 'no batch axis',
    inputs: [[3], [4], [12, 3], [12, 4]],
    run: gruCell,
    throws: /input must be \[N, D\], and the state \[N, H\]/,
  },
])
