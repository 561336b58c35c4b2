import { readFileSync } from 'node:fs'
import type { DType, Tensor } from '@flambeau/core'
import { empty, Generator, manualSeed, rand, ShapeError, ValueError, zeros } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import { init } from './index.ts'

interface Case {
  /** The function and its arguments. */
  name: string
  shape: number[]
  dtype: DType
  data: number[]
  /** The next random number. */
  next: number
}

// Written by goldens/init.py with PyTorch.
const cases = JSON.parse(
  readFileSync(new URL('../goldens/init.json', import.meta.url), 'utf8'),
) as Case[]

type Initialiser = (tensor: Tensor, ...given: unknown[]) => Tensor

const initialisers = init as unknown as Record<string, Initialiser>

describe('initialisers give the weights of PyTorch', () => {
  for (const { name, shape, dtype, data, next } of cases) {
    it(`${name} of ${dtype} [${shape.join(', ')}]`, () => {
      const [call, ...text] = name.split(' ') as [string, ...string[]]
      const given = text.map((word) => (Number.isNaN(Number(word)) ? word : Number(word)))
      manualSeed(5)
      const tensor = empty(shape, { dtype })
      expect(initialisers[call]?.(tensor, ...given)).toBe(tensor)
      const got = Array.from(tensor.toArray())
      if (call === 'orthogonal_') {
        const digits = dtype === 'float32' ? 5 : 12
        got.forEach((value, i) => expect(value).toBeCloseTo(data[i] as number, digits))
      } else {
        expect(got).toEqual(data)
      }
      expect(rand([1]).item()).toBe(next)
    })
  }
})

describe('initialisers', () => {
  it('draw from the generator that they are given', () => {
    const generator = new Generator()
    const calls: ((tensor: Tensor) => Tensor)[] = [
      (tensor) => init.uniform_(tensor, { generator }),
      (tensor) => init.normal_(tensor, 0, 1, { generator }),
      (tensor) => init.truncNormal_(tensor, { a: 1, b: 2, generator }),
      (tensor) => init.orthogonal_(tensor, { generator }),
      (tensor) => init.xavierUniform_(tensor, 1, { generator }),
      (tensor) => init.xavierNormal_(tensor, { generator }),
      (tensor) => init.kaimingUniform_(tensor, { mode: 'fan_out', generator }),
      (tensor) => init.kaimingNormal_(tensor, { nonlinearity: 'leaky_relu', generator }),
    ]
    for (const call of calls) {
      generator.manualSeed(2)
      const first = call(zeros([3, 2])).tolist()
      expect(call(zeros([3, 2])).tolist()).not.toEqual(first)
      generator.manualSeed(2)
      manualSeed(9)
      expect(call(zeros([3, 2])).tolist()).toEqual(first)
    }
  })

  it('take the names of PyTorch for modes and nonlinearities', () => {
    for (const name of ['leaky_relu', 'leakyRelu'] as const) {
      expect(init.calculateGain(name, 0.2)).toBe(Math.sqrt(2 / 1.04))
    }
    expect(init.calculateGain('conv_transpose2d')).toBe(1)
    const both = (['fan_out', 'fanOut'] as const).map((mode) => {
      manualSeed(0)
      return init.kaimingUniform_(zeros([2, 3]), 0, mode).tolist()
    })
    expect(both[0]).toEqual(both[1])
  })

  it('refuse what they cannot fill', () => {
    expect(() => init.xavierUniform_(zeros([3]))).toThrow(ShapeError)
    expect(() => init.xavierUniform_(zeros([3]))).toThrow(/xavierUniform_: fan in and fan out need/)
    expect(() => init.kaimingNormal_(zeros([3, 3]), 0, 'fan' as never)).toThrow(ValueError)
    expect(() => init.truncNormal_(zeros([3]), { std: 0 })).toThrow(/std must be more than 0/)
    expect(() => init.orthogonal_(zeros([3]))).toThrow(/orthogonal_: a matrix has at least 2 axes/)
    expect(() => init.eye_(zeros([3]))).toThrow(/eye_: a matrix has 2 axes, not 1/)
    expect(() => init.dirac_(zeros([3, 2]))).toThrow(/dirac_: a weight has 3, 4 or 5 axes/)
    expect(() => init.dirac_(zeros([3, 2, 1]), 2)).toThrow(ShapeError)
    expect(() => init.calculateGain('gelu' as never)).toThrow(/no gain is known for "gelu"/)
  })
})
