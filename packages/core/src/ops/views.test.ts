import { describe, expect, it } from 'vitest'
import type { Tensor } from '../index.ts'
import * as core from '../index.ts'

const { arange, IndexError, ShapeError, tensor, ValueError, zeros } = core

/** A matrix of two rows, and how a function of it is called. */
type Call = [name: string, run: (x: Tensor) => Tensor | Tensor[]]

const views: Call[] = [
  ['view', (x) => x.view(3, 2)],
  ['view as another dtype', (x) => x.view('float32')],
  ['reshape', (x) => x.reshape(6)],
  ['flatten', (x) => x.flatten()],
  ['ravel', (x) => x.ravel()],
  ['unflatten', (x) => x.unflatten(1, [3, 1])],
  ['squeeze', (x) => x.unsqueeze(0).squeeze()],
  ['permute', (x) => x.permute(1, 0)],
  ['transpose', (x) => x.transpose(0, 1)],
  ['swapaxes', (x) => x.swapaxes(0, 1)],
  ['swapdims', (x) => x.swapdims(0, 1)],
  ['moveaxis', (x) => x.moveaxis(0, 1)],
  ['t', (x) => x.t()],
  ['T', (x) => x.T],
  ['mT', (x) => x.mT],
  ['expand', (x) => x.expand(2, 2, 3)],
  ['broadcastTo', (x) => x.broadcastTo([2, 2, 3])],
  ['broadcastTensors', (x) => core.broadcastTensors(x, zeros(2, 2, 3))[0] as Tensor],
  ['select', (x) => x.select(0, 1)],
  ['narrow', (x) => x.narrow(1, 1, 2)],
  ['unfold', (x) => x.unfold(1, 2, 1)],
  ['diagonal', (x) => x.diagonal()],
  ['split', (x) => x.split(1)],
  ['splitWithSizes', (x) => x.splitWithSizes([1, 1])],
  ['chunk', (x) => x.chunk(2)],
  ['unbind', (x) => x.unbind(1)],
  ['tensorSplit', (x) => x.tensorSplit([1])],
  ['hsplit', (x) => x.hsplit([1])],
  ['vsplit', (x) => x.vsplit(2)],
  ['atleast3d', (x) => core.atleast3d(x)],
  ['meshgrid', (x) => core.meshgrid(x.select(0, 0), x.select(0, 1))],
  ['contiguous of a row-major tensor', (x) => x.contiguous()],
]

const copies: Call[] = [
  ['clone', (x) => x.clone()],
  ['reshape of a transposed tensor', (x) => x.t().reshape(6)],
  ['contiguous of a transposed tensor', (x) => x.t().contiguous()],
  ['diag', (x) => x.diag()],
  ['flip', (x) => x.flip(0)],
  ['roll by nothing', (x) => x.roll(0)],
  ['rot90 by nothing', (x) => x.rot90(0)],
  ['repeat once', (x) => x.repeat(1, 1)],
  ['tile', (x) => x.tile(1)],
  ['repeatInterleave once', (x) => x.repeatInterleave(1, 0)],
  ['tril', (x) => x.tril()],
  ['cat', (x) => core.cat([x])],
  ['stack', (x) => core.stack([x])],
  ['fill', (x) => core.fill(x, 1)],
  ['constantPadNd', (x) => core.constantPadNd(x, [0, 0])],
  ['selectScatter', (x) => x.selectScatter(zeros(3), 0, 0)],
]

const list = (result: Tensor | Tensor[]): Tensor[] => (Array.isArray(result) ? result : [result])

describe('storage', () => {
  it.each(views)('is shared by %s', (_name, run) => {
    const x = arange(6, { dtype: 'int32' }).view(2, 3)
    for (const part of list(run(x))) expect(part.sharesStorageWith(x)).toBe(true)
  })

  it.each(copies)('is not shared by %s', (_name, run) => {
    const x = arange(6, { dtype: 'float32' }).view(2, 3)
    for (const part of list(run(x))) expect(part.sharesStorageWith(x)).toBe(false)
  })

  it('shows a write through a view of a view', () => {
    const x = zeros(2, 3)
    x.t().narrow(0, 1, 2).select(1, 0).fill_(5)
    expect(x.tolist()).toEqual([
      [0, 5, 5],
      [0, 0, 0],
    ])
  })
})

describe('arguments', () => {
  const x = arange(24).view(2, 3, 4)

  it('come by position, by name, or the first by position', () => {
    const wanted = x.narrow(2, 1, 2).tolist()
    expect(x.narrow({ dim: 2, start: 1, length: 2 }).tolist()).toEqual(wanted)
    expect(x.narrow(2, { start: 1, length: 2 }).tolist()).toEqual(wanted)
    expect(core.narrow(x, 2, tensor(1), { length: 2 }).tolist()).toEqual(wanted)
    expect(x.flatten({ startDim: 1 }).shape).toEqual([2, 12])
    expect(x.permute({ dims: [2, 0, 1] }).shape).toEqual([4, 2, 3])
    expect(core.cat([x, x], { dim: -1 }).shape).toEqual([2, 3, 8])
    expect(x.diagonal({ dim1: 1, dim2: 2 }).shape).toEqual([2, 3])
    expect([x.size({ dim: -1 }), x.stride({ dim: 0 }), x.size(null)]).toEqual([4, 12, [2, 3, 4]])
    expect([x.isSameSize({ other: x }), core.isSameSize(x, tensor(1))]).toEqual([true, false])
    expect(core.blockDiag().shape).toEqual([1, 0])
    expect(zeros(2, 3, { dtype: 'bool' }).dtype).toBe('bool')
    expect(core.arange(0, { end: 3 }).tolist()).toEqual([0, 1, 2])
  })

  it('of a wrong name do not compile, and throw', () => {
    // @ts-expect-error: PyTorch says startDim
    expect(() => x.flatten({ start: 1 })).toThrow(/flatten: there is no option 'start'/)
    // @ts-expect-error: there is no index
    expect(() => x.select(1, { idx: 2 })).toThrow(/select: there is no option 'idx'/)
    // @ts-expect-error: the length is missing
    expect(() => x.narrow(0, 1)).toThrow(IndexError)
    // @ts-expect-error: a misspelt option of creation
    expect(() => zeros([2], { requireGrad: true })).toThrow(/there is no option 'requireGrad'/)
    // @ts-expect-error: sizes have axes
    expect(() => x.size({ axis: 0 })).toThrow(/size: there is no option 'axis'/)
    // @ts-expect-error: an axis twice
    expect(() => x.unbind(0, { dim: 1 })).toThrow(ValueError)
  })

  it('keep the dtype in the type', () => {
    const flags: Tensor<'bool'> = zeros([2, 2], { dtype: 'bool' }).t().reshape(4).select(0, 0)
    const flag: boolean = flags.item()
    const counts: Tensor<'int32'> = tensor([1, 2]).view('int32')
    expect([flag, counts.numel()]).toEqual([false, 4])
  })
})

describe('memory formats', () => {
  const images = arange(24).view(1, 2, 3, 4)

  it('put the channels innermost and back', () => {
    const last = images.contiguous({ memoryFormat: 'channelsLast' })
    expect(last.stride()).toEqual([24, 1, 8, 2])
    expect(last.tolist()).toEqual(images.tolist())
    expect(last.isContiguous('channelsLast')).toBe(true)
    expect(last.isContiguous()).toBe(false)
    expect(last.isContiguous({ memoryFormat: 'channelsLast3d' })).toBe(false)
    expect(last.contiguous({ memoryFormat: 'channelsLast' })).toBe(last)
    expect(last.clone({ memoryFormat: 'contiguousFormat' }).stride()).toEqual([24, 12, 4, 1])
    expect(last.clone().stride()).toEqual([24, 1, 8, 2])
    expect(core.zerosLike(last).stride()).toEqual([24, 1, 8, 2])
    expect(core.empty([1, 2, 3, 4], { memoryFormat: 'channelsLast' }).stride()).toEqual([
      24, 1, 8, 2,
    ])
  })

  it('are refused for other numbers of axes', () => {
    expect(() => arange(4).contiguous({ memoryFormat: 'channelsLast' })).toThrow(ShapeError)
    // @ts-expect-error: not a name of a format
    expect(() => images.isContiguous('channels_last')).toThrow(/is not a memory format/)
  })
})
