import { describe, expect, it } from 'vitest'
import { Channel, receiveTensor, withDefaultGenerator } from './internal.ts'
import {
  arange,
  collectGarbage,
  Generator,
  getRngState,
  manualSeed,
  memoryStats,
  rand,
  zeros,
} from './index.ts'
import { messagesOf, startWorker } from './testing/workers.ts'

describe('tensors between threads', () => {
  it('share their memory, whatever their layout', () => {
    const channel = new Channel()
    const x = arange(12).view(3, 4)
    const y = receiveTensor(channel.send(x.t().narrow(0, 1, 2)))
    expect([y.shape, y.stride(), y.dtype]).toEqual([[2, 3], [1, 4], 'int64'])
    x.fill_(7)
    expect(y.tolist()).toEqual([
      [7, 7, 7],
      [7, 7, 7],
    ])
    channel.close()
  })

  it('are received once, unless they are kept', () => {
    const channel = new Channel()
    const ticket = channel.send(arange(3))
    expect(receiveTensor(ticket, true).tolist()).toEqual([0, 1, 2])
    expect(receiveTensor(ticket).tolist()).toEqual([0, 1, 2])
    expect(() => receiveTensor(ticket)).toThrow(/received before, or its channel is closed/)
    expect(() => receiveTensor(2 ** 52)).toThrow(/received before, or its channel is closed/)
    channel.close()
  })

  it('are freed with the channel, and only there', () => {
    collectGarbage()
    const before = memoryStats().liveBytes
    const channel = new Channel()
    const tickets = Array.from({ length: 10 }, () => channel.send(zeros([1 << 18])))
    const received = receiveTensor(tickets[0] as number)
    collectGarbage()
    expect(memoryStats().liveBytes - before).toBeGreaterThanOrEqual(10 << 20)
    channel.close()
    channel.close()
    collectGarbage()
    expect(memoryStats().liveBytes - before).toBeLessThan(2 << 20)
    expect(received.sum().item()).toBe(0)
    expect(() => channel.send(zeros([1]))).toThrow(/the channel is closed/)
  })

  it('arrive from a worker that has ended', async () => {
    const channel = new Channel()
    const worker = startWorker(new URL('./testing/worker-send.ts', import.meta.url), channel.number)
    const [ticket] = await messagesOf<number>(worker)
    const x = receiveTensor(ticket as number)
    expect([x.shape, x.sum().item()]).toEqual([[100, 100], 49_995_000])
    channel.close()
  })

  it('do not leave with a gradient', () => {
    const channel = new Channel()
    const x = zeros([2])
    x._own = true
    expect(() => channel.send(x)).toThrow(/detach\(\)/)
    channel.close()
  })
})

describe('a generator in place of the default one', () => {
  it('gives the numbers, and leaves the default one alone', () => {
    manualSeed(3)
    const state = getRngState().tolist()
    const own = new Generator().manualSeed(11)
    let asked = 0
    withDefaultGenerator(
      () => {
        asked++
        return own
      },
      () => {
        expect(asked).toBe(0)
        const numbers = rand([4]).tolist()
        expect(rand([4], { generator: new Generator().manualSeed(11) }).tolist()).toEqual(numbers)
        manualSeed(5)
        expect(own.initialSeed()).toBe(5n)
      },
    )
    expect(asked).toBeGreaterThan(0)
    expect(getRngState().tolist()).toEqual(state)
    expect(() =>
      withDefaultGenerator(
        () => own,
        () => {
          throw new Error('out')
        },
      ),
    ).toThrow('out')
    rand([1])
    expect(getRngState().tolist()).not.toEqual(state)
  })
})
