import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { flip, fliplr, flipud, pixelShuffle, pixelUnshuffle, roll, rot90 } from './rearranging.ts'

samplesFor('flip', [
  { name: 'two axes', run: (x: Tensor) => flip(x, 0, 2), golden: 'rearranging:flip' },
  { name: 'a long last axis', run: (x: Tensor) => flip(x, [-1]), golden: 'rearranging:flip/last' },
  {
    name: 'a transposed matrix',
    run: (x: Tensor) => flip(x.t(), { dims: [0] }),
    golden: 'rearranging:flip/transposed',
  },
  { name: 'no axes', inputs: [[2, 3]], run: (x: Tensor) => flip(x, []) },
  {
    name: 'an axis twice',
    inputs: [[2, 3]],
    run: (x: Tensor) => flip(x, 0, -2),
    throws: /more than once/,
  },
])
samplesFor('fliplr', [
  { name: 'a matrix', run: fliplr, golden: 'rearranging:fliplr' },
  {
    name: 'one axis',
    inputs: [[3]],
    run: fliplr,
    throws: /the tensor has 1 axes, fliplr\(\) needs 2/,
  },
])
samplesFor('flipud', [{ name: 'a matrix', run: flipud, golden: 'rearranging:flipud' }])
samplesFor('roll', [
  { name: 'two axes', run: (x: Tensor) => roll(x, [1, -2], [0, 1]), golden: 'rearranging:roll' },
  { name: 'as one axis', run: (x: Tensor) => roll(x, 5), golden: 'rearranging:roll/flat' },
  { name: 'by nothing', inputs: [[3, 2]], run: (x: Tensor) => roll(x, { shifts: 3, dims: 0 }) },
  {
    name: 'more shifts than axes',
    inputs: [[2]],
    run: (x: Tensor) => roll(x, [1, 2], 0),
    throws: /2 shifts are given for 0/,
  },
])
samplesFor('rot90', [
  { name: 'a quarter turn', run: (x: Tensor) => rot90(x), golden: 'rearranging:rot90' },
  {
    name: 'back, in another plane',
    run: (x: Tensor) => rot90(x, -1, [1, 2]),
    golden: 'rearranging:rot90/back',
  },
  {
    name: 'half a turn',
    run: (x: Tensor) => rot90(x, { k: 2 }),
    golden: 'rearranging:rot90/twice',
  },
  {
    name: 'a vector',
    inputs: [[3]],
    run: (x: Tensor) => rot90(x),
    throws: /the tensor has 1 axes, a plane two/,
  },
])
samplesFor('pixelShuffle', [
  {
    name: 'eight channels become two',
    run: (x: Tensor) => pixelShuffle(x, 2),
    golden: 'rearranging:pixelShuffle',
  },
  {
    name: 'channels that r² does not divide',
    inputs: [[6, 1, 1]],
    run: (x: Tensor) => pixelShuffle(x, 2),
    throws: /6 channels are not divisible by 2² = 4/,
  },
])
samplesFor('pixelUnshuffle', [
  {
    name: 'two channels become eight',
    run: (x: Tensor) => pixelUnshuffle(x, { downscaleFactor: 2 }),
    golden: 'rearranging:pixelUnshuffle',
  },
  {
    name: 'a height that r does not divide',
    inputs: [[1, 3, 2]],
    run: (x: Tensor) => pixelUnshuffle(x, 2),
    throws: /height 3 and width 2 are not both divisible by 2/,
  },
])
