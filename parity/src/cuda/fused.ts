/**
 * Captured graphs, in which elementwise operations become kernels that are compiled at run time, against
 * the same operations one by one on the same device: every formula in every dtype, and random programs of
 * operations, views, writes in place and tensors that go away. Results must be equal to the last bit.
 */
import { DTypeError, manualSeed, ones, rand, randn } from '@flambeau/core'
import type { DType, Tensor } from '@flambeau/core'
import { graph } from '@flambeau/cuda-backend'

/** A comparison to be made. */
export interface FusedCase {
  readonly name: string
  /** @throws what is wrong. @returns how many operations were fused. */
  readonly run: () => number
}

function requireEqual(actual: readonly Tensor[], expected: readonly Tensor[], what: string): void {
  expected.forEach((tensor, i) => {
    const a = (actual[i] as Tensor).cpu().contiguous().toArray()
    const b = tensor.cpu().contiguous().toArray()
    for (let at = 0; at < b.length; at++)
      if (!Object.is(a[at], b[at]))
        throw new Error(`${what} ${i}: ${a[at]} at element ${at}, not ${b[at]}`)
  })
}

/** Compares a replay of `body` with `body`. */
function compare(body: () => Tensor[], names?: readonly string[]): number {
  const expected = body()
  const run = graph(body, { warmup: 0, fuse: true })
  const what = names ? `one of ${names.join(', ')}: output` : 'output'
  requireEqual(run(), expected, what)
  const { operations } = run.graph.fused
  run.reset()
  return operations
}

const UNARY = [
  ...['neg', 'abs', 'sign', 'square', 'sqrt', 'rsqrt', 'reciprocal', 'relu', 'floor', 'ceil'],
  ...['round', 'trunc', 'frac', 'angle', 'nanToNum', 'logicalNot', 'isnan', 'isinf', 'isfinite'],
  ...['isposinf', 'isneginf', 'signbit', 'bitwiseNot', 'exp', 'exp2', 'expm1', 'log', 'log1p'],
  ...['log2', 'log10', 'sigmoid', 'tanh', 'erf', 'erfc', 'logit', 'sin', 'cos', 'tan', 'asin'],
  ...['acos', 'atan', 'sinh', 'cosh', 'asinh', 'acosh', 'atanh', 'sinc'],
] as const
const BINARY = [
  ...['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'copysign', 'heaviside', 'fmax', 'fmin'],
  ...['nextafter', 'eq', 'ne', 'lt', 'le', 'gt', 'ge', 'logicalAnd', 'logicalOr', 'logicalXor'],
  ...['bitwiseAnd', 'bitwiseOr', 'bitwiseXor', 'bitwiseLeftShift', 'bitwiseRightShift'],
  ...['floorDivide', 'remainder', 'fmod', 'gcd', 'lcm', 'logaddexp', 'logaddexp2', 'xlogy'],
  ...['pow', 'atan2', 'hypot'],
] as const
const DTYPES: readonly DType[] = [
  ...(['float32', 'float64', 'float16', 'bfloat16'] as const),
  ...(['int64', 'int32', 'int16', 'int8', 'uint8', 'bool'] as const),
]

type Operation = (x: Tensor, y: Tensor) => Tensor

/** By name, in the order of the lists. */
const OPERATIONS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ...UNARY.map((name): [string, Operation] => [name, (x) => (x[name] as () => Tensor).call(x)]),
  ...BINARY.map((name): [string, Operation] => [
    name,
    (x, y) => (x[name] as (other: Tensor) => Tensor).call(x, y),
  ]),
  ['add with alpha', (x, y) => x.add(y, { alpha: 3 })],
  ['mul by a number', (x) => x.mul(3)],
  ['roundDecimals', (x) => x.round({ decimals: 1 })],
  ['where', (x, y) => x.where(x.lt(y), y)],
  ['maskedFill', (x, y) => x.maskedFill(x.gt(y), 1)],
  ['clamp', (x, y) => x.clamp(y, y.add(y))],
  ['lerp', (x, y) => x.lerp(y, 0.3)],
  ['addcmul', (x, y) => x.addcmul(x, y, { value: 2 })],
  ['addcdiv', (x, y) => x.addcdiv(x, y, { value: 2 })],
  ...DTYPES.map((dtype): [string, Operation] => [`to ${dtype}`, (x) => x.to(dtype as 'float32')]),
])

/** All formulas that take the dtype. */
function formulas(dtype: DType): number {
  manualSeed(1)
  const wide =
    dtype === 'bool'
      ? rand([3, 40]).gt(0.5)
      : randn([3, 40])
          .mul(4)
          .to(dtype as 'float32')
  const x = wide.to('cuda')
  const y = rand([40])
    .mul(5)
    .add(1)
    .to(dtype as 'float32')
    .to('cuda')
  const taken = [...OPERATIONS].filter(([, operation]) => {
    try {
      operation(x, y)
      return true
    } catch (error) {
      if (error instanceof DTypeError) return false
      throw error
    }
  })
  if (taken.length < 30) throw new Error(`only ${taken.length} operations take ${dtype}`)
  let operations = 0
  for (let first = 0; first < taken.length; first += 30) {
    const some = taken.slice(first, first + 30)
    operations += compare(
      () => some.map(([, operation]) => operation(x, y)),
      some.map(([name]) => name),
    )
  }
  return operations
}

/** Numbers in [0, below) from a seed (Marsaglia's xorshift32). */
function source(seed: number): (below: number) => number {
  let state = Math.imul(seed, 2654435761) | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const MIXED = ['float32', 'bfloat16', 'int32', 'bool'] as const
const asFloat = (x: Tensor): Tensor => (x.isFloatingPoint() ? x : x.to('float32'))

/** A program over tensors of 16 × 16 elements, as the seed wants it. What it ends with is live. */
function program(seed: number, inputs: readonly Tensor[]): Tensor[] {
  const below = source(seed)
  const live = inputs.map((x) => x.clone())
  const pick = (): Tensor => live[below(live.length)] as Tensor
  const give = (): void => (live.splice(below(live.length), 1)[0] as Tensor).dispose()
  const rules: readonly (() => Tensor | void)[] = [
    () => asFloat(pick()).mul(asFloat(pick())),
    () => pick().add(pick()),
    () => asFloat(pick()).sub(0.125),
    () => pick().gt(pick()),
    () => pick().where(pick().ne(0), pick()),
    () => asFloat(pick()).tanh(),
    () => pick().to(MIXED[below(MIXED.length)] as 'float32'),
    () => pick().t().contiguous().view(16, 16),
    () => pick().t().reshape(16, 16).add(pick()),
    () => pick().narrow(0, below(16), 1).expand(16, 16).add(pick()),
    () => pick().add(pick().t()),
    () => pick().t().where(pick().ne(0), pick()),
    () => pick().narrow(1, below(16), 1).add(asFloat(pick())),
    () => pick().clone().flatten().view(16, 16),
    () => asFloat(pick()).sum(0).add(pick()),
    () => pick().maximum(pick()),
    () => ones([16, 16], { device: 'cuda' }).mul(below(5)),
    () => {
      const x = pick()
      if (x.dtype !== 'bool') x.add_(pick().to(x.dtype as 'float32'))
    },
    () => {
      asFloat(pick()).narrow(0, 8, 8).mul_(2)
    },
    () => {
      const [x, y] = [pick(), pick()]
      if (x.dtype !== 'bool')
        x.t()

          .add_(y.to(x.dtype as 'float32').t())
    },
    () => {
      pick().copy_(pick())
    },
    () => {
      pick().narrow(0, below(9), 8).fill_(below(3))
    },
    () => {
      if (live.length > 3) give()
    },
  ]
  for (let i = 0; i < 40; i++) {
    const made = (rules[below(rules.length)] as () => Tensor | void)()
    if (made && !live.includes(made)) live.push(made) // what changes nothing gives its input
    while (live.length > 8) give()
  }
  return live
}

function random(seed: number): number {
  manualSeed(seed)
  const inputs = [
    randn([16, 16]),
    randn([16, 16]).to('bfloat16'),
    randn([16, 16]).mul(5).to('int32'),
  ].map((x) => x.to('cuda'))
  return compare(() => program(seed, inputs))
}

/** All comparisons, with so many random programs. */
export function* fusedCases(programs: number): Generator<FusedCase> {
  const ofFormulas = (dtype: DType): FusedCase => ({
    name: `formulas: ${dtype}`,
    run: () => formulas(dtype),
  })
  // What is most used comes first, in case that time is short.
  yield ofFormulas('float32')
  yield ofFormulas('bfloat16')
  for (let seed = 1; seed <= programs; seed++)
    yield { name: `program ${seed}`, run: () => random(seed) }
  for (const dtype of DTYPES)
    if (dtype !== 'float32' && dtype !== 'bfloat16') yield ofFormulas(dtype)
}
