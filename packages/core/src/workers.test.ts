import { afterEach, describe, expect, it } from 'vitest'
import { collectGarbage, memoryStats, zeros } from './index.ts'
import type { LoopOptions, LoopReport } from './testing/worker-loop.ts'
import { firstMessage, messagesOf, startWorker } from './testing/workers.ts'

const MB = 1 << 20
const loop = new URL('./testing/worker-loop.ts', import.meta.url)
const start = (options: LoopOptions): ReturnType<typeof startWorker> => startWorker(loop, options)

/** Live bytes after the workers of this test are gone. */
let before = 0
function remember(): void {
  zeros([1])
  collectGarbage()
  before = memoryStats().liveBytes
}

afterEach(() => {
  collectGarbage()
  expect(memoryStats().liveBytes - before).toBeLessThan(65_536)
})

describe('a loop without awaits in a worker', () => {
  it('holds memory over many small steps', async () => {
    remember()
    const [report] = await messagesOf<LoopReport>(start({ steps: 300_000, size: 4 }))
    expect(report).toMatchObject({ sum: 300 * 301 * 1000 + 600 })
    expect((report as LoopReport).late - (report as LoopReport).early).toBeLessThan(40 * MB)
    expect((report as LoopReport).tensors).toBeLessThan(200_000)
  })

  it('holds memory over large steps', async () => {
    remember()
    const [report] = await messagesOf<LoopReport>(start({ steps: 300, size: 2 * MB }))
    expect((report as LoopReport).late - (report as LoopReport).early).toBeLessThan(200 * MB)
  })

  it('holds memory in two workers at once', async () => {
    remember()
    const reports = await Promise.all(
      [0, 1].map(() => messagesOf<LoopReport>(start({ steps: 100_000, size: 256 }))),
    )
    for (const [report] of reports) {
      expect(report).toMatchObject({ sum: 100 * 101 * 1000 + 200 })
      expect((report as LoopReport).late - (report as LoopReport).early).toBeLessThan(60 * MB)
    }
  })
})

describe('a worker that is stopped in the middle of its work', () => {
  it('gives back all of its memory', async () => {
    remember()
    for (const size of [4, MB]) {
      const worker = start({ steps: 0, size, endless: true })
      await firstMessage(worker)
      await new Promise((resolve) => setTimeout(resolve, 50))
      await worker.terminate()
    }
  })

  it('leaves the main thread able to compute', async () => {
    remember()
    const worker = start({ steps: 0, size: MB, endless: true })
    await firstMessage(worker)
    for (let i = 0; i < 50; i++) expect(zeros([MB]).add(1).narrow(0, 0, 1).item()).toBe(1)
    await worker.terminate()
    expect(
      zeros([4 * MB])
        .add(1)
        .narrow(0, 7, 1)
        .item(),
    ).toBe(1)
  })
})
