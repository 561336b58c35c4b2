import type { Tensor } from '../tensor.ts'
import { samplesFor } from '../testing/samples.ts'
import { argwhere, maskedFill, maskedScatter, maskedSelect, nonzero } from './masking.ts'
import { where } from './ternary.ts'

const mask = { shape: [2, 3], dtype: 'bool', values: [1, 0, 1, 0, 1, 1] } as const

samplesFor('maskedSelect', [
  {
    name: 'input and mask broadcast',
    run: (x: Tensor, m: Tensor) => maskedSelect(x, m),
    golden: 'indexing:maskedSelect',
  },
  { name: 'by at', run: (x: Tensor, m: Tensor) => x.at(m), golden: 'indexing:at/mask' },
  { name: 'nothing', run: (x: Tensor, m: Tensor) => x.at(m), golden: 'indexing:at/nothing' },
  {
    name: 'from a transposed tensor',
    inputs: [{ shape: [2, 3], layout: 'transposed' }, mask],
    run: (x: Tensor, m: Tensor) => maskedSelect(x, m),
  },
  {
    name: 'a mask that is not bool',
    inputs: [[2], { shape: [2], dtype: 'uint8' }],
    run: (x: Tensor, m: Tensor) => maskedSelect(x, m),
    throws: /maskedSelect: the mask must be bool, not uint8/,
  },
])
samplesFor('maskedSelectGrad', [
  {
    name: 'reached through maskedSelect',
    inputs: [[2, 3], mask],
    run: (x: Tensor, m: Tensor) => maskedSelect(x, m),
  },
])
samplesFor('maskedFill', [
  {
    name: 'with a tensor without axes; the mask has more axes',
    run: (x: Tensor, v: Tensor, m: Tensor) => maskedFill(x, m, v),
    golden: 'indexing:maskedFill',
  },
  {
    name: 'by assignment',
    run: (x: Tensor, v: Tensor, m: Tensor) => x.clone().setAt([m], v),
    golden: 'indexing:setAt/mask and number',
  },
  {
    name: 'in place, transposed',
    inputs: [{ shape: [2, 3], layout: 'transposed' }, mask],
    run: (x: Tensor, m: Tensor) => x.clone().maskedFill_(m, 7),
  },
  {
    name: 'a mask that is too large to write in place',
    inputs: [[3], mask],
    run: (x: Tensor, m: Tensor) => x.maskedFill_(m, 0),
    throws: /maskedFill_: the result has shape \[2, 3\], which cannot be written into \[3\]/,
  },
  {
    name: 'a value that does not fit',
    inputs: [{ shape: [3], dtype: 'int32' }, mask],
    run: (x: Tensor, m: Tensor) => maskedFill(x, m, Number.NaN),
    throws: /maskedFill: NaN does not fit int32/,
  },
])
samplesFor('nonzero', [
  { name: 'coordinates', run: (x: Tensor) => nonzero(x), golden: 'indexing:nonzero' },
  {
    name: 'an index for each axis',
    run: (x: Tensor) => nonzero(x, { asTuple: true }),
    golden: 'indexing:nonzero/asTuple',
  },
  { name: 'no axes', run: (x: Tensor) => nonzero(x), golden: 'indexing:nonzero/no axes' },
])
samplesFor('maskOffsets', [
  { name: 'reached through nonzero', inputs: [mask], run: (m: Tensor) => nonzero(m) },
])
samplesFor('maskedScatter', [
  {
    name: 'the mask has more axes, the source more elements',
    run: (x: Tensor, s: Tensor, m: Tensor) => maskedScatter(x, m, s),
    golden: 'indexing:maskedScatter',
  },
  {
    name: 'a tensor without axes',
    inputs: [[], [2], { shape: [], dtype: 'bool', values: [1] }],
    run: (x: Tensor, s: Tensor, m: Tensor) => maskedScatter(x, m, s),
  },
  {
    name: 'too few elements',
    inputs: [[2, 3], [3], mask],
    run: (x: Tensor, s: Tensor, m: Tensor) => maskedScatter(x, m, s),
    throws: /maskedScatter: the mask has 4 true elements, the source only 3 to put there/,
  },
  {
    name: 'a source of another dtype',
    inputs: [[2, 3], { shape: [6], dtype: 'int64' }, mask],
    run: (x: Tensor, s: Tensor, m: Tensor) => maskedScatter(x, m, s),
    throws: /maskedScatter: the source must have the dtype of the input, float32, not int64/,
  },
])
samplesFor('maskedScatter_', [
  {
    name: 'in place',
    run: (x: Tensor, s: Tensor, m: Tensor) => x.clone().maskedScatter_(m, s),
    golden: 'indexing:maskedScatter_',
  },
  {
    name: 'a mask that is too large',
    inputs: [[3], [6], mask],
    run: (x: Tensor, s: Tensor, m: Tensor) => x.maskedScatter_(m, s),
    throws: /maskedScatter_: the result has shape \[2, 3\], which cannot be written into \[3\]/,
  },
])
samplesFor('argwhere', [
  { name: 'coordinates', run: (x: Tensor) => argwhere(x), golden: 'indexing:argwhere' },
])
samplesFor('nonzero', [
  { name: 'where', run: (x: Tensor) => where(x), golden: 'indexing:where/condition' },
])
