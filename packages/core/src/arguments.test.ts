import { describe, expect, it } from 'vitest'
import './index.ts'
import { parameters } from './arguments.ts'
import { tensor } from './creation.ts'

const read = parameters<[number, boolean, string]>('sum', ['dim', 'keepdim', 'dtype'])

describe('parameters', () => {
  it('takes arguments by position', () => {
    expect(read([1, true])).toEqual([1, true])
    expect(read([undefined, undefined])).toEqual([undefined, undefined])
  })

  it('takes arguments by name, after any by position', () => {
    expect(read([{ keepdim: true }])).toEqual([undefined, true, undefined])
    expect(read([1, { dtype: 'int64', keepdim: false }])).toEqual([1, false, 'int64'])
    expect(read([null, undefined, { dtype: 'int64' }])).toEqual([null, undefined, 'int64'])
  })

  it('takes tensors, lists and instances as values, not as names', () => {
    const t = tensor([1])
    expect(read([t])[0]).toBe(t)
    expect(read([[1, 2]])[0]).toEqual([1, 2])
    expect(read([new Map()])[0]).toBeInstanceOf(Map)
  })

  it('says which names there are', () => {
    expect(() => read([{ keepDim: true }])).toThrow(
      /sum: there is no option 'keepDim'\n {2}fix: options: dim, keepdim, dtype/,
    )
    expect(() => read([1, { dim: 2 }])).toThrow(/'dim' is given by position and by name/)
    expect(() => read([{ dim: 2 }, true])).toThrow(/named arguments come last/)
    expect(() => read([1, true, 'int64', 4])).toThrow(/4 arguments are given where 3 are taken/)
  })
})
