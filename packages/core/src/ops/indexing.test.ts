import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { DType, Index, Tensor } from '../index.ts'
import {
  arange,
  fromTypedArray,
  gather,
  getNumThreads,
  indexAdd,
  nonzero,
  oneHot,
  randint,
  randn,
  scatterAdd,
  setNumThreads,
  span,
  tensor,
  ValueError,
  where,
  zeros,
} from '../index.ts'

interface Case {
  shape: number[]
  layout: 'contiguous' | 'transposed' | 'sliced'
  parts: [string, ...unknown[]][]
  read?: { shape: number[]; values: number[] }
  value: number[]
  written: number[]
}

const { cases } = JSON.parse(
  readFileSync(new URL('../../goldens/index_expressions.json', import.meta.url), 'utf8'),
) as { cases: Case[] }

function count(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1)
}

function tensorFor({ shape, layout }: Case): Tensor {
  const x = arange(count(shape)).reshape(shape)
  if (layout === 'transposed') return x.permute([...shape.keys()].reverse())
  if (layout === 'sliced') return x.at(...shape.map(() => '::2'))
  return x
}

function indexOf([kind, ...rest]: Case['parts'][number]): Index {
  const make = (shape: unknown, values: unknown, dtype: DType): Tensor =>
    fromTypedArray(Float64Array.from(values as number[]), shape as number[]).to(dtype)
  switch (kind) {
    case '...':
      return '...'
    case 'null':
      return null
    case 'bool':
      return rest[0] === 1
    case 'int':
      return rest[0] as number
    case 'slice':
      return span(...(rest as (number | null)[]))
    case 'index':
      return make(rest[0], rest[1], rest[2] as DType)
    default:
      return make(rest[0], rest[1], 'bool')
  }
}

/** A part as text. */
function textOf([kind, ...rest]: Case['parts'][number]): string {
  const list = (shape: number[], values: number[], show: (value: number) => string): string => {
    if (shape.length === 0) return show(values[0] as number)
    const [size, ...inner] = shape as [number, ...number[]]
    const step = count(inner)
    const items = Array.from({ length: size }, (_, i) =>
      list(inner, values.slice(i * step, (i + 1) * step), show),
    )
    return `[${items.join(', ')}]`
  }
  const [shape, values] = rest as [number[], number[]]
  switch (kind) {
    case '...':
      return '...'
    case 'null':
      return 'None'
    case 'bool':
      return rest[0] === 1 ? 'True' : 'False'
    case 'int':
      return `${rest[0] as number}`
    case 'slice':
      return rest.map((bound) => (bound === null ? '' : `${bound as number}`)).join(':')
    case 'index':
      return list(shape, values, String)
    default:
      return list(shape, values, (value) => (value === 1 ? 'True' : 'False'))
  }
}

describe('random index expressions, as PyTorch reads and writes them', () => {
  for (const [i, golden] of cases.entries()) {
    it(`${i}: ${golden.layout} [${golden.shape.join(', ')}] at ${JSON.stringify(golden.parts)}`, () => {
      const index = golden.parts.map(indexOf)
      if (golden.read === undefined) {
        expect(() => tensorFor(golden).at(...index)).toThrow(/^at: /)
        return
      }
      const read = tensorFor(golden).at(...index)
      expect(read.shape).toEqual(golden.read.shape)
      expect(Array.from(read.toArray())).toEqual(golden.read.values)
      const values = arange(count(golden.value)).reshape(golden.value).neg().sub(1)
      const written = tensorFor(golden).clone().setAt(index, values)
      expect(Array.from(written.toArray())).toEqual(golden.written)
      if (golden.parts.length > 0) {
        const text = golden.parts.map(textOf).join(', ')
        expect(tensorFor(golden).at(text).tolist()).toEqual(read.tolist())
      }
      // The same through a view that is not contiguous, in place.
      const inPlace = tensorFor(golden)
      inPlace.setAt(index, values)
      expect(Array.from(inPlace.toArray())).toEqual(golden.written)
    })
  }
})

describe('at', () => {
  it('shares storage for numbers, slices and new axes, and copies for the rest', () => {
    const x = arange(12).reshape(3, 4)
    for (const view of [x.at(1), x.at('1:, ::2'), x.at(null, '...'), x.at()]) {
      expect(view.sharesStorageWith(x)).toBe(true)
    }
    for (const copy of [x.at([1]), x.at(x.gt(3)), x.at(true), x.at([])]) {
      expect(copy.sharesStorageWith(x)).toBe(false)
    }
    x.at('1, 1:').setAt([span(0, 2)], [70, 80])
    expect(x.tolist()).toEqual([
      [0, 1, 2, 3],
      [4, 70, 80, 7],
      [8, 9, 10, 11],
    ])
  })

  it('reads text as it reads the parts', () => {
    const x = arange(60).reshape(3, 4, 5)
    const same: [string, Index[]][] = [
      ['1', [1]],
      [' -1 , :, ::2 ', [-1, span(), span(null, null, 2)]],
      ['..., +2', ['...', 2]],
      ['1:3, null, ..., :-1', [span(1, 3), null, '...', span(null, -1)]],
      ['0:2:1, 1 : : 2', [span(0, 2), span(1, null, 2)]],
      ['None, Ellipsis, 1', [null, '...', 1]],
      ['[0, 2], :, [[1], [-1],]', [[0, 2], span(), [[1], [-1]]]],
      ['[True, False, True], 1:', [[true, false, true], span(1)]],
      ['True, 0', [true, 0]],
      ['None:2, 1:None:2,', [span(null, 2), span(1, null, 2)]],
      ['[]', [[]]],
    ]
    for (const [text, parts] of same) {
      expect(x.at(text).shape).toEqual(x.at(...parts).shape)
      expect(x.at(text).tolist()).toEqual(x.at(...parts).tolist())
    }
    expect(x.at('1', [0, 1], ':2').shape).toEqual([2, 2])
  })

  it('mixes text with other indices', () => {
    const x = arange(24).reshape(2, 3, 4)
    const mask = tensor([true, false, true, false])
    expect(x.at('1, :2', mask).tolist()).toEqual([
      [12, 14],
      [16, 18],
    ])
  })

  it('points to the character where text stops making sense', () => {
    const pointed: [string, string, string][] = [
      ['1:two', "found 'two' at character 2", '  ^^^'],
      ['0, 1.5', "found '.5' at character 4", '    ^^'],
      ['[0, x]', "found 'x' at character 4", '    ^'],
      ['[0 1]', "found '1' at character 3", '   ^'],
      ['[0, 1', 'found the end at character 5', '     ^'],
      ['0,,1', "found ',' at character 2", '  ^'],
      ['1 2', "found '2' at character 2", '  ^'],
      ['::2:', "found ':' at character 3", '   ^'],
      ['a[0]', "found 'a' at character 0", '^'],
      ['0; 1', "found ';' at character 1", ' ^'],
    ]
    for (const [text, found, marks] of pointed) {
      const message = `${found} of the index\n    ${text}\n    ${marks}\n`
      expect(() => arange(4).reshape(2, 2).at(text)).toThrow(message)
      expect(() => arange(4).reshape(2, 2).at(text)).toThrow(ValueError)
    }
    expect(() => zeros([2]).at('['.repeat(1e5))).toThrow(/nested at most 16 deep/)
  })

  it('takes arrays and typed arrays as index tensors', () => {
    const x = arange(6).reshape(2, 3)
    expect(x.at([[1], [0]], [0, 2]).tolist()).toEqual([
      [3, 5],
      [0, 2],
    ])
    expect(x.at(Int32Array.of(1)).tolist()).toEqual([[3, 4, 5]])
    expect(x.at([false, true]).tolist()).toEqual([[3, 4, 5]])
    expect(x.at([]).shape).toEqual([0, 3])
  })

  it('takes tensors without axes as numbers', () => {
    const x = arange(6).reshape(2, 3)
    expect(x.at(tensor(1)).tolist()).toEqual([3, 4, 5])
    expect(x.at(tensor(1), tensor(-1, { dtype: 'int32' })).item()).toBe(5)
    expect(x.at(tensor(false)).shape).toEqual([0, 2, 3])
    expect(x.at(tensor(3, { dtype: 'uint8' })).shape).toEqual([1, 2, 3])
  })

  it('takes uint8 tensors as masks, as PyTorch does', () => {
    const x = arange(6).reshape(2, 3)
    const mask = tensor([2, 0, 1], { dtype: 'uint8' })
    expect(x.at(':', mask).tolist()).toEqual([
      [0, 2],
      [3, 5],
    ])
    expect(x.at(tensor([0, 1], { dtype: 'uint8' })).tolist()).toEqual([[3, 4, 5]])
  })

  it('takes one array with more than numbers in it as several indices', () => {
    const x = arange(24).reshape(2, 3, 4)
    expect(x.at([1, 0]).shape).toEqual([2, 3, 4])
    expect(x.at([span(0, 1), 1]).tolist()).toEqual([[4, 5, 6, 7]])
    expect(x.at([1, '...', null]).shape).toEqual([3, 4, 1])
    expect(x.at([[1, 0], [2]]).tolist()).toEqual([
      [20, 21, 22, 23],
      [8, 9, 10, 11],
    ])
    expect(x.at([tensor(1), tensor(2)]).tolist()).toEqual([20, 21, 22, 23])
    expect(x.at([[1, 0]], 0).shape).toEqual([1, 2, 4])
  })

  it('takes slices as objects with start, stop and step', () => {
    const x = arange(10)
    expect(x.at({ start: 1, stop: -2, step: 3 }).tolist()).toEqual([1, 4, 7])
    expect(x.at({ start: 8 }).tolist()).toEqual([8, 9])
    expect(x.at({ end: 2 }).tolist()).toEqual([0, 1])
  })

  it('keeps channels-last storage where it picks samples', () => {
    const x = arange(24).reshape(2, 2, 2, 3).permute(0, 3, 1, 2)
    const picked = x.at([1, 0, 1])
    expect(picked.stride()).toEqual([12, 1, 6, 3])
    expect(picked.at(1).tolist()).toEqual(x.at(0).tolist())
  })

  const refused: [string, (x: Tensor) => unknown, string, RegExp][] = [
    ['nothing', (x) => x.at(undefined as never), 'ValueError', /an index is a number, text, null/],
    ['a symbol', (x) => x.at(Symbol('i') as never), 'ValueError', /an index is a number/],
    ['a function', (x) => x.at((() => 0) as never), 'ValueError', /an index is a number/],
    ['another object', (x) => x.at({ from: 1 } as never), 'ValueError', /an index is a number/],
    ['a fraction', (x) => x.at(0.5), 'IndexError', /index 0.5 is not a whole number/],
    ['NaN', (x) => x.at(Number.NaN), 'IndexError', /index NaN is not a whole number/],
    ['a fraction in a slice', (x) => x.at(span(0.5)), 'ValueError', /not a whole number/],
    ['text in a slice', (x) => x.at(span('1' as never)), 'ValueError', /not a whole number/],
    ['a step of 0', (x) => x.at('::0'), 'ValueError', /must be at least 1, not 0/],
    ['a slice of four', (x) => x.at('1:2:3:4'), 'ValueError', /expected ',' or the end, found ':'/],
    ['empty text', (x) => x.at(''), 'ValueError', /found the end at character 0 of the index/],
    ['two ellipses', (x) => x.at('..., ...'), 'IndexError', /at most one '...'/],
    ['a ragged array', (x) => x.at([[0], [0, 1]], 0), 'ShapeError', /must all have 1 elements/],
    ['an array of text', (x) => x.at(['0'] as never, 0), 'ValueError', /numbers or booleans/],
    [
      'small integers',
      (x) => x.at(Int8Array.of(0) as never),
      'DTypeError',
      /no dtype|used as index/,
    ],
    ['floating typed arrays', (x) => x.at(Float32Array.of(0)), 'DTypeError', /used as index/],
    [
      'a DataView',
      (x) => x.at(new DataView(new ArrayBuffer(8)) as never),
      'DTypeError',
      /no dtype/,
    ],
    ['17 axes', (x) => x.at(...Array.from({ length: 16 }, () => null)), 'ShapeError', /at most 16/],
    [
      'a mask of another size',
      (x) => x.at([true]),
      'IndexError',
      /axis 0 has 2 positions, the mask 1/,
    ],
  ]
  for (const [what, call, name, message] of refused) {
    it(`refuses ${what}`, () => {
      const x = arange(6).reshape(2, 3)
      expect(() => call(x)).toThrow(message)
      expect(() => call(x)).toThrow(expect.objectContaining({ name }))
    })
  }
})

describe('setAt', () => {
  it('takes indices one after another, as at does', () => {
    const x = zeros([2, 3], { dtype: 'int64' })
    expect(x.setAt(':', 0, 5).tolist()).toEqual([
      [5, 0, 0],
      [5, 0, 0],
    ])
    expect(x.setAt(1, 2, 7).at(1, 2).item()).toBe(7)
    expect(x.setAt([0, 1], [1, 0], [3, 4]).tolist()).toEqual([
      [5, 3, 0],
      [4, 0, 7],
    ])
    expect(x.setAt(0, [1, 1], 1, { accumulate: true }).at(0).tolist()).toEqual([5, 5, 0])
    expect(x.setAt(0, 2, true).at(0, 2).item()).toBe(1)
    expect(() => x.setAt(0, 0, 0, 1)).toThrow(/3 parts for 2 axes/)
    expect(() => x.setAt(0, ...([] as never as [number]))).toThrow(/the value must be/)
  })

  it('returns the tensor, and reads a single index without a list', () => {
    const x = zeros([2, 2])
    expect(x.setAt(0, 1)).toBe(x)
    x.setAt('..., 1', 5).setAt(
      tensor([
        [false, false],
        [true, false],
      ]),
      7,
    )
    expect(x.tolist()).toEqual([
      [1, 5],
      [7, 5],
    ])
  })

  it('converts the value to the dtype, and drops leading axes of size 1', () => {
    const x = zeros([2, 2], { dtype: 'int32' })
    x.setAt([0], tensor([[[1.9, -2.9]]]))
    x.setAt([[1]], true)
    expect(x.tolist()).toEqual([
      [1, -2],
      [1, 1],
    ])
  })

  it('moves parts of a tensor over each other', () => {
    const x = arange(6)
    x.setAt(['1:'], x.at(':-1'))
    expect(x.tolist()).toEqual([0, 0, 1, 2, 3, 4])
    const y = arange(6)
    y.setAt([[3, 4, 5]], y.at('2:5'))
    expect(y.tolist()).toEqual([0, 1, 2, 2, 3, 4])
    const z = tensor([2, 0, 1])
    z.setAt([z], z)
    expect(z.tolist()).toEqual([0, 1, 2])
    const w = arange(4)
    w.setAt(['1:'], w.at(':-1'), { accumulate: true })
    expect(w.tolist()).toEqual([0, 1, 3, 5])
  })

  it('lets the last of several values for one place stay, or adds them', () => {
    const values = tensor([1, 2, 3])
    expect(
      zeros([2])
        .setAt([[1, 1, 1]], values)
        .tolist(),
    ).toEqual([0, 3])
    expect(
      zeros([2])
        .setAt([[1, 1, 1]], values, { accumulate: true })
        .tolist(),
    ).toEqual([0, 6])
    const mask = tensor([true, false])
    expect(arange(2).setAt([mask], 5, { accumulate: true }).tolist()).toEqual([5, 1])
  })

  it('changes nothing if an index is outside', () => {
    const x = zeros([3])
    expect(() => x.setAt([[0, 3]], 1)).toThrow(/setAt: index 3 at position \[1\]/)
    expect(() => x.scatter_(0, tensor([0, -1]), 1)).toThrow(/scatter_: index -1/)
    expect(() => x.indexAdd_(0, tensor([0, 3]), tensor([1, 1], { dtype: 'float32' }))).toThrow(
      /indexAdd_: index 3/,
    )
    expect(x.tolist()).toEqual([0, 0, 0])
  })

  it('refuses a target whose elements share memory', () => {
    expect(() =>
      zeros([1])
        .expand(3)
        .setAt([[0]], 1),
    ).toThrow(/share one place in memory/)
  })

  it('refuses what cannot be assigned', () => {
    const x = zeros([2])
    expect(() => x.setAt([0], null as never)).toThrow(/the value must be a tensor, a number/)
    expect(() => x.setAt([0], '1' as never)).toThrow(/the value must be a tensor, a number/)
    expect(() => x.setAt([[0, 1]], [1, 2, 3])).toThrow(/has shape \[3\], the part it goes to \[2\]/)
    expect(() => x.bool().setAt([0], 2)).not.toThrow()
    expect(() => x.int().setAt([0], 2 ** 31)).toThrow(/2147483648 does not fit int32/)
  })
})

/** Are the bits equal? Faster than a comparison element by element. */
function sameBits(x: Tensor, expected: Float32Array): boolean {
  const { buffer, byteOffset, byteLength } = x.toArray()
  const bytes = new Uint8Array(buffer, byteOffset, byteLength)
  return (
    Buffer.compare(
      bytes,
      new Uint8Array(expected.buffer, expected.byteOffset, expected.byteLength),
    ) === 0
  )
}

describe('places that repeat', () => {
  /** Float values whose sum depends on the order. */
  const values = (n: number): Float32Array =>
    Float32Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898) * 10 ** ((i % 7) - 3))
  const places = (n: number, size: number): Int32Array =>
    Int32Array.from({ length: n }, (_, i) => (i * 7919) % size)

  // [rows written, columns, rows added]: few and many columns take different paths.
  for (const [rows, columns, n] of [
    [97, 1, 300_000],
    [97, 16, 20_000],
    [97, 700, 500],
    [50_000, 2, 150_000],
  ] as const) {
    it(`are added in order by any number of threads: ${n} rows of ${columns}`, () => {
      const source = values(n * columns)
      const index = places(n, rows)
      const expected = new Float32Array(rows * columns)
      for (let i = 0; i < n; i++)
        for (let c = 0; c < columns; c++) {
          const at = (index[i] as number) * columns + c
          expected[at] = (expected[at] as number) + (source[i * columns + c] as number)
        }
      const from = fromTypedArray(source, [n, columns])
      const to = fromTypedArray(index)
      const before = getNumThreads()
      for (const threads of [1, 2, 4]) {
        setNumThreads(threads)
        expect(sameBits(indexAdd(zeros([rows, columns]), 0, to, from), expected)).toBe(true)
        const turned = indexAdd(zeros([columns, rows]), 1, to, from.t())
        expect(sameBits(turned.t(), expected)).toBe(true)
        const spread = to.unsqueeze(1).expand(n, columns)
        const scattered = scatterAdd(zeros([rows, columns]), 0, spread, from)
        expect(sameBits(scattered, expected)).toBe(true)
        const assigned = zeros([rows, columns]).setAt([to], from)
        const last = index.lastIndexOf(3)
        const row = source.slice(last * columns, (last + 1) * columns)
        expect(sameBits(assigned.at(3), row)).toBe(true)
      }
      setNumThreads(before)
    })
  }
})

describe('large masks', () => {
  it('select, list and count the same elements', () => {
    const n = 100_003
    const x = arange(n)
    const mask = x.remainder(3).eq(1)
    const expected = Float64Array.from({ length: Math.ceil((n - 1) / 3) }, (_, i) => 3 * i + 1)
    expect(x.at(mask).toArray()).toEqual(expected)
    expect(nonzero(mask).flatten().toArray()).toEqual(expected)
    const table = mask.narrow(0, 0, 100_002).reshape(3, 33_334)
    const [rows, columns] = nonzero(table, { asTuple: true }) as [Tensor, Tensor]
    expect(rows.mul(33_334).add(columns).toArray()).toEqual(expected.slice(0, 33_334))
    const filled = x.maskedFill(mask, -1).toArray()
    expect(filled.filter((value) => value === -1).length).toBe(expected.length)
    expect(x.maskedFill(mask.logicalNot(), 0).sum().item()).toBe(
      expected.reduce((a, b) => a + b, 0),
    )
  })
})

describe('indices that are expanded along an axis', () => {
  const n = 5000
  const rows = 70
  for (const columns of [3, 130, 600]) {
    it(`move whole rows of ${columns}`, () => {
      const x = randn([rows, columns])
      const index = randint(rows, [n])
      const spread = index.unsqueeze(1).expand(n, columns)
      expect(gather(x, 0, spread).eq(x.indexSelect(0, index)).all().item()).toBe(true)
      const source = randn([n, columns])
      const before = getNumThreads()
      for (const threads of [1, 3]) {
        setNumThreads(threads)
        const added = scatterAdd(zeros([rows, columns]), 0, spread, source)
        const expected = indexAdd(zeros([rows, columns]), 0, index, source)
        expect(added.eq(expected).all().item()).toBe(true)
        const largest = x.scatterReduce(0, spread, source, 'amax')
        const dense = x.scatterReduce(0, spread.contiguous(), source, 'amax')
        expect(largest.eq(dense).all().item()).toBe(true)
      }
      setNumThreads(before)
      const outside = index.clone().setAt(4321, rows).unsqueeze(1).expand(n, columns)
      const message = /index 70 at position \[4321, 0\] is outside axis 0, which has 70 positions/
      expect(() => gather(x, 0, outside)).toThrow(message)
      expect(() => scatterAdd(x, 0, outside, source)).toThrow(message)
      expect(() => x.clone().scatterReduce_(0, outside, source, 'amin')).toThrow(message)
    })
  }
})

describe('arguments', () => {
  const x = arange(6).reshape(2, 3)
  const index = tensor([[2], [0]])
  const src = tensor([[10], [20]])

  it('come by position or by name', () => {
    const same = (...results: Tensor[]): void => {
      for (const result of results) expect(result.tolist()).toEqual(results[0]?.tolist())
    }
    same(x.gather(1, index), x.gather({ dim: 1, index }), x.gather(1, { index }))
    same(
      x.scatter(1, index, src),
      x.scatter({ dim: 1, index, src }),
      x.scatter(1, index, { src, reduce: null }),
    )
    same(x.scatter(1, index, 7), x.scatter(1, index, { value: 7 }), x.scatter(1, { index, src: 7 }))
    same(x.scatter(1, index, src, 'add'), x.scatterAdd(1, index, { src }))
    const row = tensor([0])
    const source = tensor([[1, 2, 3]])
    same(x.indexAdd(0, row, source, 2), x.indexAdd(0, { index: row, source, alpha: 2 }))
    same(x.indexCopy(0, row, source), x.indexCopy({ dim: 0, index: row, source }))
    same(x.indexFill(0, row, 1), x.indexFill(0, row, true), x.indexFill(0, row, { value: 1 }))
    same(x.indexReduce(0, row, source, 'prod', false), x.indexCopy(0, row, source))
    same(x.indexSelect(0, row), x.indexSelect({ dim: 0, index: row }))
    same(
      x.put(row, tensor([9]), true),
      x.put({ index: row, source: tensor([9]), accumulate: true }),
    )
    same(x.maskedFill(x.gt(2), 0), x.maskedFill({ mask: x.gt(2), value: 0 }))
    same(oneHot(row, 3), oneHot(row, { numClasses: 3 }))
  })

  it('that are not there are refused', () => {
    expect(() => x.gather(1, { idx: index } as never)).toThrow(/gather: there is no option 'idx'/)
    expect(() => x.scatter(1, index, src, 'max' as never)).toThrow(/must be 'add' or 'multiply'/)
    expect(() => x.indexAdd(0, tensor([0]), src, src as never)).toThrow(/alpha must be a number/)
  })

  it('with a wrong name do not compile', () => {
    const wrong = [
      // @ts-expect-error: PyTorch says index
      () => x.gather(1, { indices: index }),
      // @ts-expect-error: the index is missing
      () => x.scatter(1, { src }),
      // @ts-expect-error: one of them
      () => x.scatter({ dim: 1, index, src, value: 3, reduce: 'mean' }),
      // @ts-expect-error: an unknown reduction
      () => x.scatterReduce(1, index, src, 'max'),
      // @ts-expect-error: a sum is indexAdd
      () => x.indexReduce(0, tensor([0]), src, 'sum'),
      // @ts-expect-error: it is called accumulate
      () => x.put(tensor([0]), tensor([1]), { add: true }),
      // @ts-expect-error: an index is no function
      () => x.at(() => 0),
      // @ts-expect-error: an option twice
      () => x.maskedFill(x.gt(0), { mask: x.gt(0), value: 1 }),
    ]
    for (const call of wrong) expect(call).toThrow(ValueError)
  })

  it('keep the dtype in the type', () => {
    const flags: Tensor<'bool'> = tensor([true, false])
      .at([0])
      .gather(0, tensor([0]))
    const places: Tensor<'int64'> = x.nonzero()
    const lists: Tensor<'int64'>[] = x.nonzero({ asTuple: true })
    const hot: Tensor<'int64'> = oneHot(tensor([1]))
    const filled: Tensor<'int32'> = zeros([2], { dtype: 'int32' }).maskedFill(flags, 1)
    // @ts-expect-error: indices are int64
    const wrong: Tensor<'float32'> = x.argwhere()
    expect([flags, places, ...lists, hot, filled, wrong].map((t) => t.dtype)).toEqual([
      'bool',
      'int64',
      'int64',
      'int64',
      'int64',
      'int32',
      'int64',
    ])
  })

  it('of uint8 tensors may be negative, as they wrap', () => {
    const bytes = zeros([2], { dtype: 'uint8' })
    expect(bytes.maskedFill(tensor([true, false]), -1).tolist()).toEqual([255, 0])
    expect(() => bytes.maskedFill(tensor([true, false]), 256)).toThrow(/256 does not fit uint8/)
    const floats = zeros([2], { dtype: 'float32' })
    expect(() => floats.maskedFill(tensor([true, false]), 1e39)).toThrow(/does not fit float32/)
    expect(floats.maskedFill(tensor([true, false]), Infinity).tolist()).toEqual([Infinity, 0])
  })
})

describe('where', () => {
  it('takes numbers and booleans in both places', () => {
    const condition = tensor([true, false])
    expect(where(condition, 1, 2.5).tolist()).toEqual([1, 2.5])
    expect(where(condition, true, false).dtype).toBe('bool')
    expect(where(condition, true, 2).dtype).toBe('int64')
    expect(where(condition, { input: tensor([1, 2]), other: 0 }).tolist()).toEqual([1, 0])
    expect(where(tensor([1, 0], { dtype: 'uint8' }), 3, 4).tolist()).toEqual([3, 4])
    expect(tensor([1, 2]).where({ condition, other: 9 }).tolist()).toEqual([1, 9])
  })

  it('of a condition alone gives the places where it holds', () => {
    const [rows, columns] = where(
      tensor([
        [0, 2],
        [3, 0],
      ]),
    ) as [Tensor, Tensor]
    expect(rows.tolist()).toEqual([0, 1])
    expect(columns.tolist()).toEqual([1, 0])
    expect(where(tensor(5)).map((places) => places.tolist())).toEqual([[0]])
  })
})

describe('large slices', () => {
  it('are copied whole, of any layout', () => {
    const x = arange(6 * 300 * 250).reshape(6, 300, 250)
    const rows = x.at([4, 0])
    expect(rows.at(0).sub(x.at(4)).abs().sum().item()).toBe(0)
    const turned = x.transpose(1, 2).at([5, 5, 1])
    expect(turned.at(1).sub(x.at(5).t()).abs().sum().item()).toBe(0)
    expect(turned.at(2).sub(x.at(1).t()).abs().sum().item()).toBe(0)
  })

  it('come past the caches unharmed', () => {
    const x = arange(70_000 * 64, { dtype: 'float32' }).reshape(70_000, 64)
    const index = arange(70_000).mul(-1).sub(1)
    const flipped = x.at(index)
    expect(flipped.at('0, 0').item()).toBe(69_999 * 64)
    expect(flipped.at('-1, 63').item()).toBe(63)
    expect(flipped.at(index).sub(x).abs().sum().item()).toBe(0)
  })
})

describe('tensors without axes', () => {
  it('are gathered from and scattered to as if they had one', () => {
    const x = tensor(5)
    expect(gather(x, 0, tensor([0, 0])).tolist()).toEqual([5, 5])
    expect(gather(x, 0, tensor(0)).shape).toEqual([])
    expect(x.scatter(0, tensor(0), tensor(7)).item()).toBe(7)
    expect(x.clone().scatterAdd_(0, tensor(0), tensor(7)).item()).toBe(12)
    expect(x.indexAdd(0, tensor([0]), tensor(1)).item()).toBe(6)
    expect(x.indexFill(0, tensor([0]), 1).shape).toEqual([])
    expect(x.indexCopy(0, tensor([0]), tensor(2)).item()).toBe(2)
    expect(oneHot(tensor(2)).tolist()).toEqual([0, 0, 1])
    expect(x.take(tensor([0])).tolist()).toEqual([5])
  })
})
