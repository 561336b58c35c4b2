import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  alphaDropout,
  bernoulli,
  binomial,
  defaultGenerator,
  DeviceError,
  dropout,
  empty,
  FlambeauError,
  fromTypedArray,
  Generator,
  getRngState,
  manualSeed,
  multinomial,
  normal,
  ones,
  poisson,
  rand,
  randint,
  randintLike,
  randLike,
  randn,
  randnLike,
  randperm,
  setRngState,
  tensor,
  zeros,
} from './index.ts'
import type { DType, Tensor } from './index.ts'

interface Case {
  op: string
  dtype: DType
  args?: Record<string, number | string | number[]>
  seed: number
  skip: number
  n: number
  every: number
  values: (number | string | boolean)[]
  next: number
}

interface Goldens {
  states: {
    digests: { seed: number; op: 'rand' | 'randn'; draws: number; sha256: string }[]
    saved: { base64: string; randn: number[] }
  }
  cases: Case[]
}

const goldens = JSON.parse(
  readFileSync(new URL('../goldens/random.json', import.meta.url), 'utf8'),
) as Goldens

/** The call that a case stands for. */
function sample({ op, dtype, n, args = {} }: Case): Tensor {
  const number = (name: string): number => args[name] as number
  const blank = empty([n], { dtype })
  switch (op) {
    case 'rand':
      return rand([n], { dtype })
    case 'randn':
      return randn([n], { dtype })
    case 'randint':
      return randint(BigInt(number('low')), BigInt(number('high')), [n], { dtype })
    case 'randperm':
      return randperm(n, { dtype })
    case 'bernoulli':
      return bernoulli(tensor(args['p'] as number[], { dtype }))
    case 'bernoulli_':
      return blank.bernoulli_(number('p'))
    case 'uniform_':
      return blank.uniform_(number('low'), number('high'))
    case 'normal_':
      return blank.normal_(number('mean'), number('std'))
    case 'exponential_':
      return blank.exponential_(number('rate'))
    case 'random_':
      return blank.random_()
    case 'cauchy_':
      return blank.cauchy_(number('median'), { sigma: number('sigma') })
    case 'log_normal_':
      return blank.logNormal_(number('mean'), number('std'))
    case 'geometric_':
      return blank.geometric_(number('p'))
    case 'poisson':
      return poisson(tensor(args['rates'] as number[], { dtype }))
    case 'binomial':
      return binomial(
        tensor(args['counts'] as number[], { dtype }),
        tensor(args['probs'] as number[], { dtype }),
      )
    case 'multinomial':
      return multinomial(
        tensor(args['weights'] as number[], { dtype }),
        number('samples'),
        number('replacement') === 1,
      )
    case 'alpha_dropout':
      return alphaDropout(ones([n], { dtype }), number('p'), true)
    case 'bernoulli/p':
      return blank.bernoulli(number('p'))
    case 'dropout':
      return dropout(ones([n], { dtype }), number('p'))
    default:
      throw new Error(`no call for ${op}`)
  }
}

/** Values as the golden writes them: float32 rounded, int64 as text, bool as such. */
function list(x: Tensor): unknown[] {
  if (x.dtype === 'int64') return Array.from(x.toBigIntArray(), String)
  if (x.dtype === 'bool') return Array.from(x.toArray(), Boolean)
  return Array.from(x.toArray())
}

describe('the numbers of PyTorch', () => {
  for (const [i, golden] of goldens.cases.entries()) {
    const { op, dtype, n, seed, skip } = golden
    it(`${i}: ${op} of ${n} ${dtype}, seed ${seed}, ${skip} words skipped`, () => {
      manualSeed(seed)
      rand([skip])
      const got = list(sample(golden)).filter((_, at) => at % golden.every === 0)
      const next = rand([1]).item()
      const rounded = golden.values.map((value) =>
        dtype === 'float32' && typeof value === 'number' ? Math.fround(value) : value,
      )
      expect(got).toEqual(rounded)
      expect(next).toBe(Math.fround(golden.next))
    })
  }
})

function digest(state: Tensor): string {
  return createHash('sha256').update(state.toArray()).digest('hex')
}

describe('the state of a generator', () => {
  for (const { seed, op, draws, sha256 } of goldens.states.digests) {
    it(`has PyTorch's bytes after ${draws} numbers of ${op}, seed ${seed}`, () => {
      manualSeed(seed)
      if (op === 'rand') rand([draws])
      else randn([draws])
      expect(digest(getRngState())).toBe(sha256)
    })
  }

  it('can come from PyTorch', () => {
    const { base64, randn: following } = goldens.states.saved
    setRngState(fromTypedArray(new Uint8Array(Buffer.from(base64, 'base64'))))
    expect(Array.from(randn([4]).toArray())).toEqual(following.map(Math.fround))
  })

  it('returns to where it was saved', () => {
    const generator = new Generator()
    generator.manualSeed(3)
    rand([5], { generator })
    const state = generator.getState()
    const first = rand([7], { generator }).tolist()
    expect(rand([7], { generator }).tolist()).not.toEqual(first)
    expect(rand([7], { generator: generator.setState(state) }).tolist()).toEqual(first)
  })

  it('is refused if it cannot be one, and the stream goes on', () => {
    const generator = new Generator().manualSeed(1)
    const first = rand([3], { generator }).tolist()
    generator.manualSeed(1)
    expect(() => generator.setState(zeros([5056]))).toThrow(/setState: a state is uint8/)
    expect(() => generator.setState(zeros([7], { dtype: 'uint8' }))).toThrow(/shape \[5056\]/)
    expect(() => generator.setState(ones([5056], { dtype: 'uint8' }))).toThrow(/setState: .*state/)
    expect(rand([3], { generator }).tolist()).toEqual(first)
  })
})

describe('seeds', () => {
  it('may have 64 bits, and negative ones count from 2^64 down', () => {
    const generator = new Generator()
    expect(generator.initialSeed()).toBe(67280421310721n)
    expect(generator.manualSeed(-1).initialSeed()).toBe(2n ** 64n - 1n)
    expect(generator.manualSeed(-(2n ** 63n)).initialSeed()).toBe(2n ** 63n)
    expect(generator.manualSeed(2n ** 64n - 1n).initialSeed()).toBe(2n ** 64n - 1n)
    expect(manualSeed(5)).toBe(defaultGenerator)
    expect(defaultGenerator.initialSeed()).toBe(5n)
  })

  for (const bad of [1.5, Number.NaN, 2 ** 60, 2n ** 64n, -(2n ** 63n) - 1n, '3' as never]) {
    it(`${String(bad)} is refused`, () => {
      expect(() => manualSeed(bad)).toThrow(/manualSeed: a seed is a whole number/)
    })
  }

  it('that nobody chose differ', () => {
    const generator = new Generator()
    const seeds = [generator.seed(), generator.seed()]
    expect(seeds[0]).not.toBe(seeds[1])
    expect(generator.initialSeed()).toBe(seeds[1])
  })

  it('are shared by clones, which go their own way', () => {
    const a = new Generator('cpu').manualSeed(6)
    rand([5], { generator: a })
    const b = a.cloneState()
    expect([a.device, b.device]).toEqual(['cpu', 'cpu'])
    expect(b.initialSeed()).toBe(6n)
    const expected = rand([4], { generator: a }).tolist()
    expect(rand([4], { generator: a }).tolist()).not.toEqual(expected)
    expect(rand([4], { generator: b }).tolist()).toEqual(expected)
    expect(() => new Generator('abacus')).toThrow(DeviceError)
  })

  it('of one generator leave the others alone', () => {
    const a = new Generator().manualSeed(1)
    const b = new Generator().manualSeed(1)
    manualSeed(1)
    const expected = rand([4]).tolist()
    expect(rand([4], { generator: a }).tolist()).toEqual(expected)
    rand([100], { generator: a })
    expect(rand([4], { generator: b }).tolist()).toEqual(expected)
  })
})

/** The first 24 numbers of seed 0, drawn one after another. */
function stream(fill: (x: Tensor) => Tensor): number[] {
  manualSeed(0)
  return Array.from(fill(empty([24])).toArray())
}

describe('tensors that are not row-major', () => {
  const fills: Record<string, (x: Tensor) => Tensor> = {
    uniform_: (x) => x.uniform_(),
    exponential_: (x) => x.exponential_(2),
    bernoulli_: (x) => x.bernoulli_(0.3),
    random_: (x) => x.random_(0, 1000),
    cauchy_: (x) => x.cauchy_(),
    logNormal_: (x) => x.logNormal_(),
    geometric_: (x) => x.geometric_(0.3),
  }
  for (const [name, fill] of Object.entries(fills)) {
    it(`are filled as they lie in memory by ${name}`, () => {
      const expected = stream(fill)
      manualSeed(0)
      const base = empty([4, 6])
      fill(base.t())
      expect(Array.from(base.toArray())).toEqual(expected)
      manualSeed(0)
      const sparse = fill(empty([4, 12]).slice(1, 0, null, 2))
      expect(Array.from(sparse.toArray())).toEqual(expected)
      manualSeed(0)
      const both = fill(empty([12, 4]).slice(0, 0, null, 2).t())
      expect(Array.from(both.t().toArray())).toEqual(expected.slice(0, 24))
    })
  }

  it('get normal numbers one at a time', () => {
    manualSeed(0)
    const single = Array.from({ length: 24 }, () => randn([1]).item())
    manualSeed(0)
    const base = empty([4, 6])
    base.t().normal_()
    expect(Array.from(base.toArray())).toEqual(single)
  })

  it('stored N, H, W, C are filled in logical order', () => {
    for (const fill of [...Object.values(fills), (x: Tensor) => x.normal_()]) {
      const expected = stream(fill)
      manualSeed(0)
      const nhwc = fill(empty([2, 2, 3, 2]).permute(0, 3, 1, 2))
      expect(Array.from(nhwc.toArray())).toEqual(expected)
    }
  })

  it('lend their memory order to randLike and randnLike', () => {
    const like = zeros([4, 6]).t()
    const expected = stream((x) => x.uniform_())
    manualSeed(0)
    const x = randLike(like)
    expect(x.stride()).toEqual([1, 6])
    expect(Array.from(x.t().toArray())).toEqual(expected)
    expect(randnLike(like).stride()).toEqual([1, 6])
    expect(randintLike(like, 3).stride()).toEqual([1, 6])
  })

  it('cannot be filled where elements share memory', () => {
    expect(() => zeros([1]).expand(3).uniform_()).toThrow(/share one place in memory/)
  })
})

describe('probabilities for each element', () => {
  const p = Float32Array.from({ length: 24 }, (_, i) => i / 23)

  it('are met in the logical order of a new tensor', () => {
    manualSeed(0)
    const expected = bernoulli(fromTypedArray(p, [4, 6]).t().contiguous())
    manualSeed(0)
    const x = bernoulli(fromTypedArray(p, [4, 6]).t())
    expect(x.isContiguous()).toBe(true)
    expect(x.tolist()).toEqual(expected.tolist())
  })

  it('broadcast, and may be the tensor that is written', () => {
    manualSeed(0)
    const expected = bernoulli(fromTypedArray(p.slice(0, 6)).expand(4, 6)).tolist()
    manualSeed(0)
    expect(
      empty([4, 6])
        .bernoulli_(fromTypedArray(p.slice(0, 6)))
        .tolist(),
    ).toEqual(expected)
    manualSeed(0)
    const own = fromTypedArray(p.slice(0, 6)).expand(4, 6).contiguous()
    expect(own.bernoulli_(own).tolist()).toEqual(expected)
  })

  it('outside of [0, 1] draw nothing', () => {
    manualSeed(0)
    expect(() => bernoulli(tensor([0.5, 1.5]))).toThrow(/element 1 is 1.5/)
    expect(() => bernoulli(tensor([Number.NaN]))).toThrow(/element 0 is nan/)
    expect(rand([1]).item()).toBe(Math.fround(0.49625658988952637))
  })
})

describe('normal', () => {
  it('draws with means and deviations that broadcast', () => {
    manualSeed(0)
    const z = randn([3, 2])
    manualSeed(0)
    const x = normal(tensor([[1], [2], [3]], { dtype: 'float32' }), tensor([0.5, 2]))
    const expected = Float32Array.from(z.toArray(), (value, i) =>
      Math.fround(Math.fround(value * [0.5, 2][i % 2]!) + [1, 1, 2, 2, 3, 3][i]!),
    )
    expect(Array.from(x.toArray())).toEqual(Array.from(expected))
  })

  it('takes a number for either', () => {
    manualSeed(0)
    const z = randn([20])
    const numbers = (x: Tensor): number[] => Array.from(x.toArray())
    const plus = (shift: number): number[] => numbers(z).map((v) => Math.fround(v + shift))
    manualSeed(0)
    expect(numbers(normal(1, ones([20])))).toEqual(plus(1))
    manualSeed(0)
    expect(numbers(normal(zeros([20]), 1))).toEqual(plus(0))
    manualSeed(0)
    expect(numbers(normal(zeros([20])))).toEqual(plus(0))
    manualSeed(0)
    expect(numbers(normal(0, 1, [20]))).toEqual(plus(0))
  })

  it('refuses negative deviations', () => {
    expect(() => normal(0, -1, [2])).toThrow(/std must be at least 0/)
    expect(() => normal(0, tensor([1, -0.5]))).toThrow(/that of element 1 is -0.5/)
  })
})

describe('arguments', () => {
  const refused: [string, () => unknown, RegExp][] = [
    ['rand of integers', () => rand([2], { dtype: 'int64' }), /rand: samples are floating/],
    ['a bad size', () => rand([-1]), /rand: sizes are whole numbers/],
    ['an empty range', () => randint(5, 5, [2]), /low \(5\) must be less than high \(5\)/],
    ['a range beyond uint8', () => randint(300, [2], { dtype: 'uint8' }), /uint8 holds 0 to 255/],
    [
      'a range that no float hits',
      () => randint(2 ** 53 - 2, 2 ** 53 - 1, [2], { dtype: 'float32' }),
      /randint: no integers/,
    ],
    ['a fraction as bound', () => randint(0, 2.5, [2]), /high must be a whole number/],
    ['a permutation of bools', () => randperm(2, { dtype: 'bool' }), /cannot be permuted/],
    ['a permutation beyond uint8', () => randperm(300, { dtype: 'uint8' }), /randperm: n \(300\)/],
    ['half a permutation', () => randperm(2.5), /n must be a whole number ≥ 0, not 2.5/],
    ['turned bounds', () => zeros([2]).uniform_(2, 1), /\[2, 1\) must be a finite range/],
    ['infinite bounds', () => zeros([2]).uniform_(0, Infinity), /must be a finite range/],
    [
      'a range wider than float32',
      () => zeros([2]).uniform_(-3e38, 3e38),
      /must be a finite range/,
    ],
    [
      'NaN as deviation',
      () => zeros([2]).normal_(0, Number.NaN),
      /std must be at least 0, not NaN/,
    ],
    ['a rate of 0', () => zeros([2]).exponential_(0), /lambd must be more than 0/],
    ['a probability above 1', () => zeros([2]).bernoulli_(1.5), /p must lie in \[0, 1\]/],
    ['whole probabilities', () => bernoulli(tensor([1, 0])), /probabilities are floating/],
    ['probabilities that do not fit', () => zeros([2]).bernoulli_(zeros([3, 2])), /must broadcast/],
    ['uint8 from -1', () => zeros([2], { dtype: 'uint8' }).random_(-1, 5), /uint8 holds 0 to 255/],
    [
      'something else as generator',
      () => rand([2], { generator: 3 as never }),
      /must be a Generator/,
    ],
    ['exponential integers', () => zeros([2], { dtype: 'int64' }).exponential_(), /are floating/],
  ]
  for (const [name, call, message] of refused) {
    it(`refuses ${name}`, () => expect(call).toThrow(message))
  }

  it('may be named in an options object', () => {
    const generator = new Generator()
    const draw = (fill: (x: Tensor) => Tensor): unknown => {
      generator.manualSeed(0)
      return fill(zeros([5])).tolist()
    }
    expect(draw((x) => x.uniform_({ from: -1, to: 3, generator }))).toEqual(
      draw((x) => x.uniform_(-1, 3, { generator })),
    )
    expect(draw((x) => x.normal_({ std: 2, generator }))).toEqual(
      draw((x) => x.normal_(0, 2, { generator })),
    )
    expect(draw((x) => x.bernoulli_({ p: 0.2, generator }))).toEqual(
      draw((x) => x.bernoulli_(0.2, { generator })),
    )
    expect(draw((x) => x.random_({ generator }))).not.toEqual(
      draw((x) => x.random_(10, { generator })),
    )
  })

  it('come in every order that PyTorch takes', () => {
    const same = (...draws: (() => Tensor)[]): void => {
      const results = draws.map((draw) => {
        manualSeed(4)
        return draw().tolist()
      })
      for (const result of results) expect(result).toEqual(results[0])
    }
    same(
      () => rand(2, 3),
      () => rand([2, 3]),
      () => rand({ size: [2, 3] }),
      () => rand(2, 3, { dtype: 'float32' }),
    )
    same(
      () => randint(5, [4]),
      () => randint(0, 5, [4]),
      () => randint({ high: 5, size: [4] }),
      () => randint(5, { size: [4] }),
      () => randint(0, { high: 5, size: [4] }),
      () => randint(0, 5, { size: [4] }),
    )
    const x = zeros([4])
    same(
      () => randintLike(x, 5),
      () => randintLike(x, 0, 5),
      () => randintLike(x, { high: 5 }),
      () => randintLike(x, 0, { high: 5 }),
      () => randintLike(x, tensor(5)),
    )
    same(
      () => randperm(5),
      () => randperm({ n: 5 }),
    )
    same(
      () => normal(1, 2, [3]),
      () => normal({ mean: 1, std: 2, size: [3] }),
      () => normal(1, { std: 2, size: [3] }),
      () => normal(1, 2, { size: [3] }),
    )
    same(
      () => x.clone().random_(9),
      () => x.clone().random_({ to: 9 }),
      () => x.clone().random_(0, { to: 9 }),
    )
    same(
      () => x.clone().bernoulli_(0.3),
      () => x.bernoulli(0.3),
      () => bernoulli(x, { p: 0.3 }),
    )
  })

  it('with a wrong name do not compile', () => {
    const wrong = [
      // @ts-expect-error: a misspelt dtype
      () => rand([2], { dtpe: 'float32' }),
      // @ts-expect-error: PyTorch says high
      () => randint({ low: 0, to: 3, size: [2] }),
      // @ts-expect-error: the size is missing
      () => randint({ high: 3 }),
      // The size is missing, which no type says of sizes one by one.
      () => randn({ dtype: 'float32' }),
      // @ts-expect-error: it is called numSamples
      () => ones([3]).multinomial({ samples: 2 }),
      // @ts-expect-error: it is called sigma
      () => ones([3]).cauchy_(0, { gamma: 2 }),
      // @ts-expect-error: it is called training
      () => dropout(ones([3]), 0.5, { train_: true }),
    ]
    for (const call of wrong) expect(call).toThrow(FlambeauError)
  })

  it('decide the dtype in the type', () => {
    const doubles: Tensor<'float64'> = rand(2, { dtype: 'float64' })
    const places: Tensor<'int64'> = randperm(3)
    const small: Tensor<'int8'> = randint(3, [2], { dtype: 'int8' })
    const like: Tensor<'float64'> = randnLike(doubles)
    const other: Tensor<'float32'> = randLike(places, { dtype: 'float32' })
    // @ts-expect-error: categories are int64
    const wrong: Tensor<'float32'> = multinomial(ones([3]), 1)
    expect([doubles, places, small, like, other, wrong].map((x) => x.dtype)).toEqual([
      'float64',
      'int64',
      'int8',
      'float64',
      'float32',
      'int64',
    ])
  })

  it('of random_ may leave the upper bound open', () => {
    manualSeed(0)
    const x = zeros([50], { dtype: 'uint8' }).random_(200, null).toArray()
    expect(Math.min(...x)).toBeGreaterThanOrEqual(200)
    expect(new Set(x).size).toBeGreaterThan(20)
  })

  it('give empty tensors where asked, and draw nothing', () => {
    manualSeed(0)
    expect(randn([0, 3]).shape).toEqual([0, 3])
    expect(randint(5, [2, 0]).shape).toEqual([2, 0])
    expect(randperm(0).shape).toEqual([0])
    expect(bernoulli(zeros([0])).shape).toEqual([0])
    expect(rand([1]).item()).toBe(Math.fround(0.49625658988952637))
  })
})
