import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { arange, full, Generator, manualSeed, rand, tensor, zeros } from '@flambeau/core'
import { afterAll, describe, expect, it } from 'vitest'
import {
  CheckpointFolder,
  FileWriteError,
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

/** Something with a state, like a model or an optimizer. */
class Part {
  weight: Tensor
  step = 0

  constructor(value: number) {
    this.weight = tensor([value])
  }

  stateDict(): { weight: Tensor; step: number } {
    return { weight: this.weight, step: this.step }
  }

  loadStateDict(state: { weight: Tensor; step: number }): void {
    if (state.weight.numel() !== this.weight.numel()) throw new RangeError('other sizes')
    this.weight = state.weight
    this.step = state.step
  }
}

class Other extends Part {}

describe('checkpoints', () => {
  it('restore objects, generators and the default generator, and return the rest', () => {
    const [model, optimizer] = [new Part(1), new Other(2)]
    optimizer.step = 5
    const own = new Generator().manualSeed(3)
    manualSeed(7)
    saveCheckpoint(path('training'), {
      model,
      optimizers: [optimizer, new Other(3)],
      parts: { own },
      epoch: 2,
      metrics: { loss: 0.5 },
    })
    const expected = [rand([3]).tolist(), rand([3], { generator: own }).tolist()]
    const again = new Part(0)
    const others = [new Other(0), new Other(0)] as const
    const generator = new Generator()
    manualSeed(0)
    const rest = loadCheckpoint(path('training'), {
      model: again,
      optimizers: others,
      parts: { own: generator },
    })
    expect(rest).toEqual({ epoch: 2, metrics: { loss: 0.5 } })
    expect([again.weight.item(), others[0].step, others[1].weight.item()]).toEqual([1, 5, 3])
    expect([rand([3]).tolist(), rand([3], { generator }).tolist()]).toEqual(expected)
  })

  it('leave the default generator alone if asked, and without objects', () => {
    saveCheckpoint(path('no-rng'), { model: new Part(1) }, { rng: false })
    saveCheckpoint(path('rng'), { model: new Part(1) })
    manualSeed(1)
    const first = rand([1]).item()
    manualSeed(1)
    loadCheckpoint(path('no-rng'), { model: new Part(0) })
    loadCheckpoint(path('rng'), { model: new Part(0) }, { rng: false })
    loadCheckpoint(path('rng'))
    expect(rand([1]).item()).toBe(first)
  })

  it('give states as plain trees to those who name no objects', () => {
    saveCheckpoint(path('plain-tree'), { model: new Part(4), n: 1 })
    const { model, n } = loadCheckpoint(path('plain-tree')) as unknown as {
      model: { weight: Tensor; step: number }
      n: number
    }
    expect([model.weight.item(), model.step, n]).toEqual([4, 0, 1])
    const some = loadCheckpoint(path('plain-tree'), {})
    expect(Object.keys(some)).toEqual(['model', 'n'])
  })

  it('keep numbers to the bit, and places whose paths are equal', () => {
    const tree = {
      numbers: [-0, 0.1, 5e-324, Number.NaN, Number.NEGATIVE_INFINITY, 2n ** 70n],
      a: { 'b.c': tensor(1), b: { c: tensor(2) } },
      'a.b': { c: tensor(3) },
    }
    saveCheckpoint(path('numbers'), tree)
    const back = loadCheckpoint(path('numbers')) as unknown as typeof tree
    expect(back.numbers).toEqual(tree.numbers)
    expect(Object.is(back.numbers[0], -0)).toBe(true)
    expect([back.a['b.c'].item(), back.a.b.c.item(), back['a.b'].c.item()]).toEqual([1, 2, 3])
  })

  it('say what does not fit', () => {
    saveCheckpoint(path('fit'), { model: new Part(1), epoch: 1, list: [1] })
    const load = (into: Parameters<typeof loadCheckpoint>[1]) => () =>
      loadCheckpoint(path('fit'), into)
    expect(load({ optimizer: new Part(0) })).toThrow(
      /has no 'optimizer'; it has model, epoch, list/,
    )
    expect(load({ model: new Other(0) })).toThrow(
      /'model' does not fit: it was saved from a Part and is to go into a Other/,
    )
    expect(load({ epoch: new Part(0) })).toThrow(/'epoch' in the checkpoint is no state/)
    expect(load({ epoch: { a: new Part(0) } })).toThrow(/'epoch' is a collection here and none/)
    expect(load({ model: 3 as never })).toThrow(/neither an object with a state/)
    const other = new Part(0)
    other.weight = zeros([2])
    expect(load({ model: other })).toThrow(/'model' does not fit: other sizes/)
    const renamed = new Other(0)
    loadCheckpoint(path('fit'), { model: renamed }, { strict: false })
    expect(renamed.weight.item()).toBe(1)
    const round: Record<string, never> = {}
    ;(round as Record<string, unknown>)['self'] = round
    expect(() => saveCheckpoint(path('bad'), round)).toThrow(/contains itself \(at 'self'\)/)
    expect(() => saveCheckpoint(path('bad'), { date: new Date() as never })).toThrow(
      /a Date cannot be saved \(at 'date'\)/,
    )
  })

  it('are refused when any byte was changed, and when they are newer', () => {
    saveCheckpoint(path('flip'), { model: new Part(1), epoch: 1 })
    const bytes = readFileSync(path('flip'))
    for (let i = 0; i < bytes.length; i += 1 + Math.floor(bytes.length / 200)) {
      const copy = Buffer.from(bytes)
      copy[i] = (copy[i] as number) ^ 4
      writeFileSync(path('flipped'), copy)
      expect(() => loadCheckpoint(path('flipped'))).toThrow(FormatError)
    }
    const last = Buffer.from(bytes)
    last[bytes.length - 1] = (last.at(-1) as number) ^ 1
    writeFileSync(path('flipped'), last)
    expect(() => loadCheckpoint(path('flipped'))).toThrow(/the checksums differ/)
    const { tensors, metadata } = loadSafetensors(path('flip'))
    saveSafetensors(path('newer'), tensors, { ...metadata, 'flambeau.version': '2' })
    expect(() => loadCheckpoint(path('newer'))).toThrow(/has version 2, and this reader knows 1/)
  })

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

describe('CheckpointFolder', () => {
  const steps = (one: CheckpointFolder): number[] => one.list().map(({ step }) => step)

  it('keeps the newest and the best', () => {
    const files = new CheckpointFolder(path('run'), { keepLast: 2, mode: 'max' })
    expect([files.latest(), files.best(), files.resume({})]).toEqual([null, null, null])
    const scores = [0.1, 0.7, Number.NaN, null, 0.7, 0.2]
    scores.forEach((score, step) => files.save(step, { model: new Part(step), step }, score))
    expect(steps(files)).toEqual([1, 4, 5])
    expect(files.best()).toMatchObject({ step: 1, metric: 0.7 })
    const again = new CheckpointFolder(path('run'), { keepLast: 1, keepBest: 2, mode: 'max' })
    const model = new Part(0)
    expect(again.resume({ model })).toEqual({ step: 5 })
    expect(model.weight.item()).toBe(5)
    again.save(9, { step: 9 }, 0.9)
    expect(steps(again)).toEqual([1, 9])
    expect(readdirSync(path('run')).toSorted()).toEqual([
      'checkpoint-0000000001.safetensors',
      'checkpoint-0000000009.safetensors',
      'checkpoints.json',
    ])
  })

  it('replaces a step, and can keep all', () => {
    const files = new CheckpointFolder(path('all-steps'), { keepLast: null, keepBest: 0 })
    for (const step of [3, 1, 2, 4, 1]) files.save(step, { step }, step)
    expect(steps(files)).toEqual([1, 2, 3, 4])
    expect(files.list()[0]?.metric).toBe(1)
  })

  it('sets aside what another training left', () => {
    const files = new CheckpointFolder(path('used'), { keepLast: 2 })
    expect(files.setAside()).toBe(null)
    for (const step of [7, 8]) files.save(step, { step }, step)
    writeFileSync(join(path('used'), 'notes.txt'), 'mine')
    expect(files.setAside()).toBe(join(path('used'), 'earlier'))
    expect([files.latest(), files.best(), files.setAside()]).toEqual([null, null, null])
    expect(readdirSync(path('used')).toSorted()).toEqual(['earlier', 'notes.txt'])
    expect(new CheckpointFolder(join(path('used'), 'earlier')).best()).toMatchObject({ step: 7 })
    // Of two trainings before, the last is there; a broken list of metrics does not keep it here.
    files.save(1, { step: 1 }, 0.5)
    writeFileSync(join(path('used'), 'checkpoints.json'), '{')
    files.setAside()
    expect(readdirSync(join(path('used'), 'earlier')).toSorted()).toEqual([
      'checkpoint-0000000001.safetensors',
      'checkpoints.json',
    ])
  })

  it('does not pass over what is broken', () => {
    const files = new CheckpointFolder(path('broken-run'))
    files.save(1, { step: 1 }, 1)
    truncateSync(files.save(2, { step: 2 }), 100)
    expect(() => files.resume({})).toThrow(FormatError)
    writeFileSync(join(path('broken-run'), 'checkpoints.json'), '{')
    expect(() => files.latest()).toThrow(/the list of metrics is not what CheckpointFolder wrote/)
    expect(() => new CheckpointFolder('x', { keepLast: 0 })).toThrow(/keepLast must be/)
    expect(() => new CheckpointFolder('x', { keepBest: -1 })).toThrow(/keepBest must be/)
    expect(() => new CheckpointFolder('x', { mode: 'big' as never })).toThrow(/not "big"/)
    writeFileSync(path('a-file'), '')
    expect(() => new CheckpointFolder(path('a-file')).save(1, {})).toThrow(FileWriteError)
    expect(() => files.save(0.5, {})).toThrow(/the step must be a whole number/)
    expect(() => files.save(5, {}, 'a' as never)).toThrow(/the metric must be a number/)
  })
})
