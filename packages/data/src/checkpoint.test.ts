import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { arange, full, tensor, zeros } from '@flambeau/core'
import { afterAll, describe, expect, it } from 'vitest'
import {
  FormatError,
  loadCheckpoint,
  loadSafetensors,
  saveCheckpoint,
  saveSafetensors,
} from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'checkpoint-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const path = (name: string): string => join(folder, name)

describe('safetensors files', () => {
  it('keep every dtype, shape and bit', () => {
    const tensors = {
      float32: tensor([1.5, Number.NaN, Number.POSITIVE_INFINITY, -0]),
      float64: tensor([[Math.PI]], { dtype: 'float64' }),
      int64: tensor(new BigInt64Array([2n ** 62n, -1n])),
      int32: tensor([[1], [-2]], { dtype: 'int32' }),
      uint8: full([2, 0, 3], 7, { dtype: 'uint8' }),
      bool: tensor([true, false]),
      float16: tensor([1.5, -65504], { dtype: 'float16' }),
      bfloat16: tensor([[0.1], [3e38]], { dtype: 'bfloat16' }),
      int8: tensor([-128, 127], { dtype: 'int8' }),
      int16: tensor([-32768], { dtype: 'int16' }),
      scalar: tensor(4),
    }
    saveSafetensors(path('all'), tensors, { note: 'mine' })
    const loaded = loadSafetensors(path('all'))
    expect(loaded.metadata).toEqual({ note: 'mine' })
    for (const [name, before] of Object.entries(tensors)) {
      const after = loaded.tensors[name]
      expect([after?.dtype, after?.shape]).toEqual([before.dtype, before.shape])
      expect(after?.toBigIntArray === undefined).toBe(false)
      expect(String(after)).toBe(String(before))
    }
    expect(loaded.tensors['int64']?.toBigIntArray()).toEqual(new BigInt64Array([2n ** 62n, -1n]))
  })

  it('keep views as what they show', () => {
    saveSafetensors(path('view'), { x: arange(6).view(2, 3).transpose(0, 1) })
    expect(loadSafetensors(path('view')).tensors['x']?.tolist()).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ])
  })

  it('are refused with place and reason when broken', () => {
    saveSafetensors(path('broken'), { x: zeros([100]) })
    truncateSync(path('broken'), 200)
    expect(() => loadSafetensors(path('broken'))).toThrow(FormatError)
    expect(() => loadSafetensors(path('missing'))).toThrow(/the file does not exist/)
    expect(() => loadSafetensors(folder)).toThrow(/cannot be read \(EISDIR\)/)
  })
})

describe('checkpoints', () => {
  it('keep a tree', () => {
    const tree = {
      model: { 'fc.weight': tensor([[1, 2]]), 'fc.bias': zeros([1]) },
      epoch: 3,
      losses: [0.5, Number.POSITIVE_INFINITY],
      nothing: null,
      flags: { done: false, name: 'a' },
      list: [tensor(1), [tensor(2)]],
    }
    saveCheckpoint(path('tree'), tree)
    const back = loadCheckpoint(path('tree')) as unknown as typeof tree
    expect(back.epoch).toBe(3)
    expect(back.losses).toEqual(tree.losses)
    expect([back.nothing, back.flags]).toEqual([null, tree.flags])
    expect(back.model['fc.weight'].tolist()).toEqual([[1, 2]])
    expect(back.list.map(String)).toEqual(['tensor(1)', 'tensor(2)'])
    expect(Object.keys(loadSafetensors(path('tree')).tensors)).toContain('model.fc.weight')
  })

  it('refuse values that cannot be kept', () => {
    expect(() => saveCheckpoint(path('bad'), { f: (() => 1) as never })).toThrow(
      /a function cannot be saved \(at 'f'\)/,
    )
    expect(() => saveCheckpoint(path('bad'), { $tensor: 1 })).toThrow(/keys must not start with/)
  })

  it('leave the previous file whole when saving fails', () => {
    saveCheckpoint(path('kept'), { epoch: 1 })
    const before = readFileSync(path('kept'))
    expect(() => saveCheckpoint(path('kept'), { epoch: 2, bad: Symbol('x') as never })).toThrow(
      /a symbol cannot be saved/,
    )
    expect(readFileSync(path('kept'))).toEqual(before)
  })

  it('are told from other files', () => {
    saveSafetensors(path('plain'), { x: zeros([1]) })
    expect(() => loadCheckpoint(path('plain'))).toThrow(/safetensors, but not a checkpoint/)
    writeFileSync(path('text'), 'hello')
    expect(() => loadCheckpoint(path('text'))).toThrow(FormatError)
  })
})
