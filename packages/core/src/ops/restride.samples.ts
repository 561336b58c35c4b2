import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'

samplesFor('transpose_', [
  {
    name: 'of a copy',
    golden: 'restride:transpose_',
    run: (x: Tensor) => x.mul(2).transpose_(0, -1),
  },
  {
    name: 'by name, of a view',
    inputs: [[2, 3]],
    run: (x: Tensor) => x.mul(2).view(3, 2).transpose_({ dim0: 0, dim1: 1 }),
  },
  {
    name: 'an axis that does not exist',
    inputs: [[2, 3]],
    run: (x: Tensor) => x.transpose_(0, 2),
    throws: /transpose: axis 2 is outside/,
  },
])
samplesFor('swapdims_', [
  { name: 'of a copy', golden: 'restride:swapdims_', run: (x: Tensor) => x.mul(2).swapdims_(0, 1) },
])
samplesFor('swapaxes_', [
  { name: 'of a copy', golden: 'restride:swapaxes_', run: (x: Tensor) => x.mul(2).swapaxes_(0, 2) },
])
samplesFor('t_', [
  { name: 'of a copy', golden: 'restride:t_', run: (x: Tensor) => x.mul(2).t_() },
  { name: 'of a vector', inputs: [[3]], run: (x: Tensor) => x.mul(2).t_() },
])
samplesFor('squeeze_', [
  { name: 'all axes', golden: 'restride:squeeze_', run: (x: Tensor) => x.mul(2).squeeze_() },
  { name: 'one axis', golden: 'restride:squeeze_/dim', run: (x: Tensor) => x.mul(2).squeeze_(1) },
])
samplesFor('unsqueeze_', [
  {
    name: 'at the end',
    golden: 'restride:unsqueeze_',
    run: (x: Tensor) => x.mul(2).unsqueeze_(-1),
  },
])
