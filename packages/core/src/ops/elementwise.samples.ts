/** Samples of signs, rounding, powers, divisors, and of what has another form or name. */
import {
  copysign,
  div,
  fmax,
  fmin,
  frac,
  frexp,
  gcd,
  heaviside,
  isneginf,
  isposinf,
  lcm,
  ldexp,
  floatPower,
  nanToNum,
  nextafter,
  positive,
  round,
  rsub,
  sgn,
  signbit,
} from '../index.ts'
import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'

type Unary = (input: Tensor) => Tensor
type Binary = (input: Tensor, other: Tensor) => Tensor

const tests: [string, Unary][] = [
  ['isposinf', isposinf],
  ['isneginf', isneginf],
  ['signbit', signbit],
]
for (const [name, run] of tests) {
  samplesFor(name, [
    { name: 'special values', golden: `elementwise:${name}`, run },
    { name: 'whole numbers', golden: `elementwise:${name}/int64`, run },
    { name: 'a transposed view', inputs: [{ shape: [3, 4], layout: 'transposed' }], run },
    { name: 'empty', inputs: [[0, 3]], run },
  ])
}

samplesFor('frac', [
  { name: 'values and gradients', golden: 'elementwise:frac', run: frac },
  { name: 'special values', golden: 'elementwise:frac/special', run: frac, gradcheck: false },
  {
    name: 'whole numbers are refused',
    inputs: [{ shape: [2], dtype: 'int64' }],
    run: frac,
    throws: /frac: is for floating dtypes, not int64/,
  },
])
samplesFor('frac_', [
  { name: 'in place', golden: 'elementwise:frac', run: (x: Tensor) => x.clone().frac_() },
])
samplesFor('positive', [
  { name: 'the tensor itself', golden: 'elementwise:positive', run: positive },
  {
    name: 'bool is refused',
    inputs: [{ shape: [2], dtype: 'bool' }],
    run: positive,
    throws: /positive: is not defined for bool/,
  },
])
samplesFor('sgn', [
  { name: 'special values', golden: 'elementwise:sgn', run: sgn, gradcheck: false },
])
samplesFor('roundDecimals', [
  ...[1, 3, -1].map((decimals) => ({
    name: `${decimals} decimals`,
    golden: `elementwise:round/${decimals}`,
    run: (x: Tensor) => round(x, { decimals }),
    gradcheck: false,
  })),
  {
    name: 'in place',
    golden: 'elementwise:round/1',
    run: (x: Tensor) => x.clone().round_(1),
    gradcheck: false,
  },
  { name: 'far from steps', inputs: [{ shape: [1], values: [0.33] }], run: (x) => round(x, 1) },
  {
    name: 'whole numbers are refused',
    inputs: [{ shape: [2], dtype: 'int64' }],
    run: (x: Tensor) => round(x, 2),
    throws: /round: is for floating dtypes, not int64/,
  },
  {
    name: 'decimals that are not whole',
    inputs: [[2]],
    run: (x: Tensor) => round(x, { decimals: 1.5 }),
    throws: /round: decimals must be a whole number, not 1.5/,
  },
])

samplesFor('nanToNum', [
  {
    name: 'the limits of float32',
    golden: 'elementwise:nanToNum',
    run: nanToNum,
    gradcheck: false,
  },
  {
    name: 'the limits of float16',
    golden: 'elementwise:nanToNum/float16',
    run: (x: Tensor) => nanToNum(x),
    gradcheck: false,
  },
  {
    name: 'numbers of choice',
    golden: 'elementwise:nanToNum/numbers',
    run: (x: Tensor) => nanToNum(x, 2, { posinf: 9, neginf: -9 }),
    gradcheck: false,
  },
  { name: 'numbers stay', inputs: [[2, 3]], run: (x: Tensor) => nanToNum(x) },
  { name: 'whole numbers', golden: 'elementwise:nanToNum/int64', run: (x: Tensor) => nanToNum(x) },
  {
    name: 'a replacement that is no number',
    inputs: [[2]],
    run: (x: Tensor) => nanToNum(x, { nan: '0' as unknown as number }),
    throws: /nanToNum: a replacement must be a number, not "0"/,
  },
])
samplesFor('nanToNum_', [
  {
    name: 'in place',
    golden: 'elementwise:nanToNum/numbers',
    run: (x: Tensor) => x.clone().nanToNum_(2, 9, -9),
    gradcheck: false,
  },
])

samplesFor('copysign', [
  { name: 'both broadcast', golden: 'elementwise:copysign', run: copysign },
  { name: 'signs of 0', golden: 'elementwise:copysign/edges', run: copysign, gradcheck: false },
  { name: 'whole numbers become floating', golden: 'elementwise:copysign/int64', run: copysign },
  { name: 'a number', golden: 'elementwise:copysign/number', run: (x: Tensor) => copysign(x, -2) },
])
samplesFor('copysign_', [
  {
    name: 'in place',
    golden: 'elementwise:copysign/number',
    run: (x: Tensor) => x.clone().copysign_(-2),
  },
])
for (const [name, run] of [
  ['fmax', fmax],
  ['fmin', fmin],
] as const) {
  samplesFor(name, [
    { name: 'both broadcast', golden: `elementwise:${name}`, run },
    { name: 'NaN and equal ones', golden: `elementwise:${name}/edges`, run, gradcheck: false },
    { name: 'whole numbers', golden: `elementwise:${name}/int32`, run },
  ])
}
for (const [record, dtypes] of [
  ['nextafter', ['float32', 'float64']],
  ['nextafterNarrow', ['float16', 'bfloat16']],
] as const) {
  for (const dtype of dtypes) {
    const golden = `elementwise:nextafter/torch.${dtype}`
    // A neighbour is closer than the usual tolerance: less than half of that.
    const tolerance = dtype === 'float32' ? { rtol: 2e-8, atol: 5e-46 } : { rtol: 0, atol: 0 }
    samplesFor(record, [
      { name: dtype, golden, run: nextafter, tolerance, gradcheck: false },
      {
        name: `${dtype}, in place`,
        golden,
        run: (x: Tensor, y: Tensor) => x.clone().nextafter_(y),
        tolerance,
        gradcheck: false,
      },
    ])
  }
}
// The sweeps of gradients know float64 only: the other record has the same rule.
for (const record of ['nextafter', 'nextafterNarrow']) {
  samplesFor(record, [{ name: 'slopes', inputs: [[2, 3], [3]], run: nextafter }])
}
samplesFor('heaviside', [
  { name: 'special values', golden: 'elementwise:heaviside', run: heaviside },
  {
    name: 'in place',
    golden: 'elementwise:heaviside',
    run: (x: Tensor, values: Tensor) => x.clone().heaviside_(values),
  },
  { name: 'whole numbers', golden: 'elementwise:heaviside/int64', run: heaviside },
  {
    name: 'dtypes that differ',
    inputs: [[2], { shape: [2], dtype: 'float64' }],
    run: heaviside,
    throws: /heaviside: input and values must be of one dtype, not float32 and float64/,
  },
])
for (const [name, run] of [
  ['gcd', gcd],
  ['lcm', lcm],
] as const) {
  const method = `${name}_` as const
  samplesFor(name, [
    { name: 'both broadcast', golden: `elementwise:${name}`, run },
    { name: 'with 0', golden: `elementwise:${name}/edges`, run },
    {
      name: 'floating dtypes are refused',
      inputs: [[2], [2]],
      run,
      throws: new RegExp(`${name}: is for integers, not float32`),
    },
  ])
  samplesFor(method, [
    {
      name: 'in place',
      golden: `elementwise:${name}`,
      run: (x: Tensor, y: Tensor) => x.clone()[method](y),
    },
  ])
}

samplesFor('floatPower', [
  { name: 'both broadcast', golden: 'elementwise:floatPower', run: floatPower },
  { name: 'whole numbers', golden: 'elementwise:floatPower/int64', run: floatPower },
  {
    name: 'a number first',
    golden: 'elementwise:floatPower/number first',
    run: (x: Tensor) => floatPower(2, x),
  },
])
samplesFor('floatPower_', [
  {
    name: 'in place',
    golden: 'elementwise:floatPower',
    run: (x: Tensor, y: Tensor) => x.clone().floatPower_(y),
  },
  {
    name: 'another dtype than float64',
    inputs: [[2]],
    run: (x: Tensor) => x.floatPower_(2),
    throws: /floatPower_: the result is float64 and cannot be written into float32/,
  },
])
samplesFor('ldexp', [
  { name: 'whole exponents', golden: 'elementwise:ldexp', run: ldexp },
  { name: 'negative exponents', golden: 'elementwise:ldexp/negative', run: ldexp },
  { name: 'floating exponents', golden: 'elementwise:ldexp/floating exponents', run: ldexp },
])
samplesFor('ldexp_', [
  {
    name: 'in place',
    golden: 'elementwise:ldexp',
    run: (x: Tensor, y: Tensor) => x.clone().ldexp_(y),
  },
])
samplesFor('frexp', [
  {
    name: 'mantissa and exponent',
    golden: 'elementwise:frexp',
    run: (x: Tensor) => [...frexp(x)],
    gradcheck: false,
  },
  {
    name: 'whole numbers are refused',
    inputs: [{ shape: [2], dtype: 'int64' }],
    run: (x: Tensor) => frexp(x).mantissa,
    throws: /frexp: is for floating dtypes, not int64/,
  },
])
samplesFor('frexpMantissa', [
  {
    name: 'values and gradients',
    golden: 'elementwise:frexp/mantissa',
    run: (x: Tensor) => frexp(x).mantissa,
  },
])
samplesFor('frexpExponent', [
  {
    name: 'values',
    golden: 'elementwise:frexp/exponent',
    run: (x: Tensor) => frexp(x).exponent,
  },
])

for (const mode of ['floor', 'trunc'] as const) {
  const run: Binary = (x, y) => div(x, y, mode)
  samplesFor(mode === 'floor' ? 'floorDivide' : 'truncDivide', [
    { name: `rounded by ${mode}, broadcast`, golden: `elementwise:div/${mode}`, run },
    { name: 'int16', golden: `elementwise:div/${mode} int16`, run },
    {
      name: 'by name',
      golden: `elementwise:div/${mode}`,
      run: (x: Tensor, other: Tensor) => div(x, { other, roundingMode: mode }),
    },
  ])
}
samplesFor('flatQuotient', [
  {
    name: 'float16, whose quotient is rounded before it is cut',
    inputs: [
      { shape: [3], dtype: 'float16', values: [-8.4765625, 7, 1] },
      { shape: [3], dtype: 'float16', values: [-0.061004638671875, -2, 0] },
    ],
    run: (x: Tensor, y: Tensor) => div(x, y, 'trunc'),
    gradcheck: false,
  },
  {
    name: 'by a number that has no place in the gradient',
    inputs: [{ shape: [3], dtype: 'bfloat16', values: [5, -5, 0.5] }],
    run: (x: Tensor) => div(x, 2, 'trunc'),
  },
])
samplesFor('rsub', [
  { name: 'both broadcast', golden: 'elementwise:rsub', run: rsub },
  {
    name: 'scaled',
    golden: 'elementwise:rsub/alpha',
    run: (x: Tensor, y: Tensor) => rsub(x, y, { alpha: -0.5 }),
  },
  { name: 'from a number', golden: 'elementwise:rsub/number', run: (x: Tensor) => rsub(x, 2) },
])
