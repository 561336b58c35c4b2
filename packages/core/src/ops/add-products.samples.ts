import type { Tensor } from '../tensor.ts'
import { samplesFor } from '../testing/samples.ts'
import { addbmm, addmm, addmv, addr, baddbmm } from './add-products.ts'

const SCALED = { beta: 0.5, alpha: -2 } as const
const integers = (...shapes: readonly (readonly number[])[]) =>
  shapes.map((shape) => ({ shape, dtype: 'int64' as const }))

samplesFor('addmm', [
  { name: 'a matrix', golden: 'matmul:addmm', run: addmm },
  {
    name: 'a row, with factors',
    golden: 'matmul:addmm with factors',
    run: (input: Tensor, a: Tensor, b: Tensor) => addmm(input, a, b, SCALED),
  },
  {
    name: 'beta 0 leaves NaN out',
    golden: 'matmul:addmm without input',
    run: (input: Tensor, a: Tensor, b: Tensor) => addmm(input, a, b, { beta: 0 }),
    gradcheck: false, // the input is NaN
  },
  {
    name: 'integers',
    golden: 'matmul:addmm of integers',
    run: (input: Tensor, a: Tensor, b: Tensor) => addmm(input, a, b, { beta: 3, alpha: -2 }),
  },
  {
    name: 'all by name',
    golden: 'matmul:addmm',
    run: (input: Tensor, mat1: Tensor, mat2: Tensor) => addmm(input, { mat1, mat2 }),
  },
  {
    name: 'written into the input',
    golden: 'matmul:addmm',
    run: (input: Tensor, a: Tensor, b: Tensor) => input.clone().addmm_(a, b),
  },
  {
    name: 'an input that is too large',
    inputs: [
      [2, 3, 5],
      [3, 4],
      [4, 5],
    ],
    run: addmm,
    throws: /input must broadcast to the product's shape \[3, 5\]/,
  },
  {
    name: 'a factor that is no number',
    inputs: [
      [2, 2],
      [2, 2],
      [2, 2],
    ],
    run: (...x: [Tensor, Tensor, Tensor]) => addmm(...x, { beta: '1' as unknown as number }),
    throws: /addmm: beta must be a number, not "1"/,
  },
])

samplesFor('addmv', [
  { name: 'a vector', golden: 'products:addmv', run: addmv },
  {
    name: 'a number, with factors',
    golden: 'products:addmv with factors',
    run: (...x: [Tensor, Tensor, Tensor]) => addmv(...x, SCALED),
  },
  {
    name: 'integers drop the fraction of a factor',
    golden: 'products:addmv of integers',
    run: (...x: [Tensor, Tensor, Tensor]) => addmv(...x, 3, 2.7),
  },
  {
    name: 'written into the input',
    golden: 'products:addmv',
    run: (input: Tensor, mat: Tensor, vec: Tensor) => input.clone().addmv_(mat, { vec }),
  },
  {
    name: 'a vector that is too long',
    inputs: [[3], [3, 4], [5]],
    run: addmv,
    throws: /addmv: input\.shape\[-1\] \(4\) must equal vec\.shape\[-1\] \(5\)/,
  },
])

samplesFor('baddbmm', [
  { name: 'a batch', golden: 'products:baddbmm', run: baddbmm },
  {
    name: 'a column, with factors',
    golden: 'products:baddbmm with factors',
    run: (...x: [Tensor, Tensor, Tensor]) => baddbmm(...x, SCALED),
  },
  {
    name: 'written into the input',
    golden: 'products:baddbmm',
    run: (input: Tensor, ...x: [Tensor, Tensor]) => input.clone().baddbmm_(...x),
  },
  {
    name: 'batches of different sizes',
    inputs: [
      [2, 3, 5],
      [2, 3, 4],
      [1, 4, 5],
    ],
    run: baddbmm,
    throws: /baddbmm: batch1\.shape\[0\] \(2\) must equal batch2\.shape\[0\] \(1\)/,
  },
])

samplesFor('addbmm', [
  { name: 'a matrix', golden: 'products:addbmm', run: addbmm },
  {
    name: 'a row, with factors',
    golden: 'products:addbmm with factors',
    run: (...x: [Tensor, Tensor, Tensor]) => addbmm(...x, SCALED),
  },
  { name: 'no matrices', golden: 'products:addbmm of no matrices', run: addbmm },
  {
    name: 'written into the input',
    golden: 'products:addbmm',
    run: (input: Tensor, ...x: [Tensor, Tensor]) => input.clone().addbmm_(...x),
  },
  {
    name: 'half precision',
    inputs: [
      { shape: [3, 5], dtype: 'float16' },
      { shape: [2, 3, 4], dtype: 'float16' },
      { shape: [2, 4, 5], dtype: 'float16' },
    ],
    run: addbmm,
    gradcheck: false, // the rounding of float16 is coarser than the differences
  },
])

samplesFor('addr', [
  { name: 'a matrix', golden: 'products:addr', run: addr },
  {
    name: 'a row, with factors',
    golden: 'products:addr with factors',
    run: (...x: [Tensor, Tensor, Tensor]) => addr(...x, SCALED),
  },
  { name: 'bools', golden: 'products:addr of bools', run: addr },
  {
    name: 'beta 0 leaves NaN out',
    golden: 'products:addr without input',
    run: (...x: [Tensor, Tensor, Tensor]) => addr(...x, { beta: 0 }),
    gradcheck: false, // the input is NaN
  },
  {
    name: 'written into the input',
    golden: 'products:addr',
    run: (input: Tensor, ...x: [Tensor, Tensor]) => input.clone().addr_(...x),
  },
  {
    name: 'fractions of integers',
    inputs: integers([2, 2], [2], [2]),
    run: (...x: [Tensor, Tensor, Tensor]) => addr(...x, SCALED),
    throws: /addr: beta must be a whole number for integer tensors, not 0\.5/,
  },
])
