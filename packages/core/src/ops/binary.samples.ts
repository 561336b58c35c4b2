import type { Operand } from '../elementwise.ts'
import type { Sample } from '../testing/samples.ts'
import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { add, atan2, div, floorDivide, fmod, hypot, mul, pow, remainder, sub } from '../index.ts'

type Binary = (input: Operand, other: Operand) => Tensor

const layouts: Partial<Sample>[] = [
  {
    name: 'both broadcast',
    inputs: [[2, 1, 3], { shape: [4, 1], low: 0.5 }],
  },
  {
    name: 'views of different layouts',
    inputs: [
      { shape: [3, 4], layout: 'transposed' },
      { shape: [3, 4], low: 0.5, layout: 'sliced' },
    ],
  },
  {
    name: 'channels-last and a value per channel',
    inputs: [
      { shape: [2, 3, 2, 2], layout: 'channelsLast' },
      { shape: [3, 1, 1], low: 0.5 },
    ],
  },
  {
    name: 'an expanded operand',
    inputs: [
      { shape: [3, 4], layout: 'expanded' },
      { shape: [3, 4], low: 0.5 },
    ],
  },
  { name: 'no axes', inputs: [[], { shape: [], low: 0.5 }] },
  { name: 'empty', inputs: [[0, 3], [3]] },
]

function notFitting(name: string, run: Binary): Sample {
  return {
    name: 'shapes that do not fit',
    inputs: [[2, 3], [4]],
    run,
    throws: new RegExp(
      `${name}.*do not broadcast.*axis -1 has size 3 in one and 4 in the other`,
      's',
    ),
  }
}

const arithmetic = { add, sub, mul, div }
for (const [name, run] of Object.entries(arithmetic) as [keyof typeof arithmetic, Binary][]) {
  samplesFor(name, [
    ...layouts.map((sample) => ({ name: '', ...sample, run })),
    { name: 'equal shapes', golden: `binary:${name}`, run },
    { name: 'axes of size 1', golden: `binary:${name}/broadcast`, run },
    { name: 'a number', golden: `binary:${name}/number`, run },
    { name: 'a number first', golden: `binary:${name}/number first`, run },
    { name: 'int32 and int64', golden: `binary:${name}/int32 and int64`, run },
    { name: 'uint8 and a fraction', golden: `binary:${name}/uint8 and a fraction`, run },
    { name: 'float32 and float64', golden: `binary:${name}/float32 and float64`, run },
    { name: 'a wider operand without axes', golden: `binary:${name}/0-d float64`, run },
    {
      name: 'in place',
      golden: `binary:${name}`,
      run: (x: Tensor, y: Tensor) => x.clone()[`${name}_`](y),
    },
    notFitting(name, run),
    {
      name: 'in place into fewer elements',
      inputs: [[3], [2, 3]],
      run: (x: Tensor, y: Tensor) => x[`${name}_`](y),
      throws: /the result has shape \[2, 3\], which cannot be written into \[3\]/,
    },
    {
      name: 'in place into a dtype that cannot hold the result',
      inputs: [{ shape: [2], dtype: 'int64' }, 0.5],
      run: (x: Tensor, y: number) => x[`${name}_`](y),
      throws: new RegExp(`${name}_: the result's dtype cannot be stored in int64`),
    },
    {
      name: 'two numbers',
      inputs: [1, 2],
      run,
      throws: new RegExp(`${name}: at least one operand must be a tensor`),
    },
    {
      name: 'an operand that is neither',
      inputs: [[2], null],
      run,
      throws: new RegExp(`${name}: (b|other) must be a tensor or a number`),
    },
  ])
}
for (const [name, run] of [
  ['add', add],
  ['mul', mul],
] as const) {
  samplesFor(name, [{ name: 'bool', golden: `binary:${name}/bool`, run }])
}
for (const [name, run] of [
  ['add', add],
  ['sub', sub],
] as const) {
  samplesFor(name, [
    {
      name: 'alpha',
      golden: `binary:${name}/alpha`,
      run: (x: Tensor, y: Tensor) => run(x, y, { alpha: -0.5 }),
    },
    {
      name: 'alpha in place',
      golden: `binary:${name}/alpha`,
      run: (x: Tensor, y: Tensor) => x.clone()[`${name}_`](y, { alpha: -0.5 }),
    },
    {
      name: 'a whole alpha',
      golden: `binary:${name}/int alpha`,
      run: (x: Tensor, y: Tensor) => run(x, y, { alpha: 3 }),
    },
  ])
}
samplesFor('add', [{ name: 'integers wrap', golden: 'binary:add/int32 wraps', run: add }])
samplesFor('sub', [
  {
    name: 'bool is refused',
    inputs: [
      { shape: [2], dtype: 'bool' },
      { shape: [2], dtype: 'bool' },
    ],
    run: sub,
    throws: /sub: is not defined for bool/,
  },
])

for (const mode of ['floor', 'trunc'] as const) {
  const run: Binary = (x, y) => div(x, y, { roundingMode: mode })
  const into = (x: Tensor, y: Tensor): Tensor => x.clone().div_(y, { roundingMode: mode })
  samplesFor('div', [
    { name: `${mode} of floats`, golden: `binary:div/${mode}`, run, gradcheck: false },
    { name: `${mode} of whole numbers`, golden: `binary:div/${mode} int64`, run },
    { name: `${mode} in place`, golden: `binary:div/${mode}`, run: into, gradcheck: false },
    { name: `${mode} of whole numbers in place`, golden: `binary:div/${mode} int64`, run: into },
  ])
}
samplesFor('div', [
  {
    name: 'a rounding mode that does not exist',
    inputs: [[2], 2],
    run: (x: Tensor, y: number) => div(x, y, { roundingMode: 'ceil' as 'floor' }),
    throws: /div: roundingMode is 'floor', 'trunc' or null, not "ceil"/,
  },
])

const divisions = { floorDivide, remainder, fmod }
for (const [name, run] of Object.entries(divisions) as [keyof typeof divisions, Binary][]) {
  samplesFor(name, [
    ...layouts.map((sample) => ({ name: '', ...sample, run, gradcheck: false })),
    {
      name: 'signs, infinities and NaN',
      golden: `binary:${name}/special`,
      run,
      gradcheck: false,
    },
    { name: 'whole numbers', golden: `binary:${name}/int64`, run },
    { name: 'whole numbers and a number', golden: `binary:${name}/number`, run },
    {
      name: 'whole numbers in place',
      golden: `binary:${name}/int64`,
      run: (x: Tensor, y: Tensor) => x.clone()[`${name}_`](y),
    },
    {
      name: 'whole numbers by zero',
      inputs: [{ shape: [3], dtype: 'int32' }, 0],
      run,
      throws: new RegExp(`${name}: whole numbers cannot be divided by zero`),
    },
    {
      name: 'bool is refused',
      inputs: [
        { shape: [2], dtype: 'bool' },
        { shape: [2], dtype: 'bool' },
      ],
      run,
      throws: new RegExp(`${name}: is not defined for bool`),
    },
    notFitting(name, run),
  ])
}
for (const [name, run] of [
  ['remainder', remainder],
  ['fmod', fmod],
] as const) {
  samplesFor(name, [{ name: 'gradients', golden: `binary:${name}`, run }])
}

samplesFor('pow', [
  { name: 'tensors', golden: 'binary:pow', run: pow },
  { name: 'in place', golden: 'binary:pow', run: (x: Tensor, y: Tensor) => x.clone().pow_(y) },
  { name: 'axes of size 1', golden: 'binary:pow/broadcast', run: pow },
  ...[2, 3, 0.5, -1, -0.5, 0, 1, 1.5].map((exponent) => ({
    name: `to the ${exponent}`,
    golden: `binary:pow/${exponent}`,
    run: (x: Tensor) => pow(x, exponent),
  })),
  {
    name: 'zeros, negative bases, infinities',
    golden: 'binary:pow/edges',
    run: pow,
    gradcheck: false,
  },
  { name: '2 to the x', golden: 'binary:pow/2 to the x', run: (x: Tensor) => pow(2, x) },
  {
    name: '0 to the x',
    golden: 'binary:pow/0 to the x',
    run: (x: Tensor) => pow(0, x),
    gradcheck: false,
  },
  { name: 'whole numbers', golden: 'binary:pow/int64', run: pow },
  { name: 'whole numbers to the 2', golden: 'binary:pow/int64 2', run: (x: Tensor) => pow(x, 2) },
  {
    name: 'whole numbers to a fraction',
    golden: 'binary:pow/int64 0.5',
    run: (x: Tensor) => pow(x, 0.5),
  },
  { name: 'empty', inputs: [[0, 3], 2], run: pow },
  {
    name: 'whole numbers to a negative number',
    inputs: [{ shape: [2], dtype: 'int64' }, -1],
    run: pow,
    throws: /pow: integers cannot be raised to the negative power -1/,
  },
  notFitting('pow', pow),
])

samplesFor('atan2', [
  { name: 'four quadrants', golden: 'binary:atan2', run: atan2 },
  { name: 'in place', golden: 'binary:atan2', run: (y: Tensor, x: Tensor) => y.clone().atan2_(x) },
  { name: 'axes and infinities', golden: 'binary:atan2/special', run: atan2, gradcheck: false },
  { name: 'whole numbers become floating', golden: 'binary:atan2/int64', run: atan2 },
  { name: 'a number', inputs: [[2, 3], 1.5], run: atan2 },
  {
    name: 'both broadcast',
    inputs: [[2, 1, 3], { shape: [4, 1], low: 0.5 }],
    run: atan2,
  },
  { name: 'empty', inputs: [[0, 3], [3]], run: atan2 },
])

samplesFor('hypot', [
  { name: 'equal shapes', golden: 'binary:hypot', run: hypot },
  {
    name: 'large, small, infinite and NaN',
    golden: 'binary:hypot/edges',
    run: hypot,
    gradcheck: false,
  },
  {
    name: 'both broadcast',
    inputs: [
      [2, 1, 3],
      [4, 1],
    ],
    run: hypot,
  },
  { name: 'a number', inputs: [[2, 3], 1.5], run: hypot },
  { name: 'in place', golden: 'binary:hypot', run: (x: Tensor, y: Tensor) => x.clone().hypot_(y) },
  {
    name: 'shapes that do not fit',
    inputs: [[2], [3]],
    run: hypot,
    throws: /hypot.*do not broadcast/s,
  },
])
