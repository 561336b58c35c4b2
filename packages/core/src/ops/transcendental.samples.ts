import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import {
  acos,
  asin,
  atan,
  cos,
  cosh,
  erf,
  exp,
  exp2,
  expm1,
  log,
  log10,
  log1p,
  log2,
  sin,
  sinh,
  tan,
  tanh,
} from '../index.ts'

const functions = {
  exp,
  exp2,
  expm1,
  log,
  log1p,
  log2,
  log10,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  erf,
}

for (const [name, run] of Object.entries(functions) as [
  keyof typeof functions,
  (input: Tensor) => Tensor,
][]) {
  const method = `${name}_` as const
  samplesFor(name, [
    { name: 'values and gradients', golden: `unary:${name}`, run },
    { name: 'in place', golden: `unary:${name}`, run: (x: Tensor) => x.clone()[method]() },
    { name: 'float64', golden: `unary:${name}/float64`, run },
    {
      name: 'infinite, NaN and other special values',
      golden: `unary:${name}/special`,
      run,
      gradcheck: false,
    },
    { name: 'whole numbers become floating', golden: `unary:${name}/int64`, run },
    {
      name: 'every second element of a view',
      inputs: [{ shape: [3, 4], low: 0.1, high: 0.9, layout: 'sliced' }],
      run,
    },
    {
      name: 'channels-last',
      inputs: [{ shape: [2, 3, 2, 2], low: 0.1, high: 0.9, layout: 'channelsLast' }],
      run,
    },
    { name: 'no axes', inputs: [{ shape: [], low: 0.1, high: 0.9 }], run },
    { name: 'empty', inputs: [[0, 3]], run },
    {
      name: 'whole numbers cannot hold the result in place',
      inputs: [{ shape: [2], dtype: 'int32' }],
      run: (x: Tensor) => x[method](),
      throws: new RegExp(`${method}: the result's dtype cannot be stored in int32`),
    },
  ])
}
