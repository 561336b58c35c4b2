import { describe, expect, it } from 'vitest'
import { camelCase, runCase } from './cases.ts'

const names = { torch: { add: 'add' }, Tensor: { add: 'add' } }
const one = { t: 'float32', s: [1], d: [1] } as const

describe('the naming rule', () => {
  it('turns underscores between words into capitals and keeps the one of in-place names', () => {
    expect(camelCase('log_softmax')).toBe('logSoftmax')
    expect(camelCase('atleast_1d')).toBe('atleast1d')
    expect(camelCase('add_')).toBe('add_')
  })
})

describe('runCase', () => {
  const test = { ns: 'torch', name: 'add', dtype: 'float32', args: [one, one], kwargs: {} } as const

  it('passes where values and dtype agree', () => {
    const out = [{ t: 'float32' as const, s: [1], d: [2] }]
    expect(runCase(names, { ...test, args: [...test.args], out })).toEqual({ status: 'pass' })
  })

  it('fails where a value, the dtype or the shape differs', () => {
    const run = (out: { t: 'float32' | 'float64'; s: number[]; d: number[] }) =>
      runCase(names, { ...test, args: [...test.args], out: [out] })
    expect(run({ t: 'float32', s: [1], d: [3] })).toMatchObject({ why: 'out0[0] is 2, not 3' })
    expect(run({ t: 'float64', s: [1], d: [2] }).status).toBe('fail')
    expect(run({ t: 'float32', s: [], d: [2] }).status).toBe('fail')
  })

  it('says which names are missing', () => {
    expect(runCase(names, { ...test, args: [], name: 'no_such_thing' }).status).toBe('missing')
  })
})
