import { describe, expect, it } from 'vitest'
import { collectGarbage, memoryStats, zeros } from './index.ts'
import type { LoopOptions, LoopReport } from './testing/worker-loop.ts'
import { firstMessage, messagesOf, startWorker } from './testing/workers.ts'

const MB = 1 << 20
const loop = new URL('./testing/worker-loop.ts', import.meta.url)
const start = (options: LoopOptions): ReturnType<typeof startWorker> => startWorker(loop, options)

/** Runs `body`; returns the live bytes that its workers left in the process. */
async function leftBy(body: () => Promise<void>): Promise<number> {
  zeros([1])
  collectGarbage()
  const before = memoryStats().liveBytes
  await body()
  collectGarbage()
  return memoryStats().liveBytes - before
}

/** Runs one worker for each option to its end. */
async function loops(...options: LoopOptions[]): Promise<{ reports: LoopReport[]; left: number }> {
  let reports: LoopReport[] = []
  const left = await leftBy(async () => {
    reports = (await Promise.all(options.map((one) => messagesOf<LoopReport>(start(one))))).flat()
  })
  return { reports, left }
}

describe('a loop without awaits in a worker', () => {
  it('holds memory over many small steps', async () => {
    const { reports, left } = await loops({ steps: 300_000, size: 4 })
    const [report] = reports as [LoopReport]
    expect(report.sum).toBe(300 * 301 * 1000 + 600)
    expect(report.late - report.early).toBeLessThan(40 * MB)
    expect(report.tensors).toBeLessThan(200_000)
    expect(left).toBeLessThan(65_536)
  })

  it('holds memory over large steps', async () => {
    const { reports, left } = await loops({ steps: 300, size: 2 * MB })
    const [report] = reports as [LoopReport]
    expect(report.late - report.early).toBeLessThan(200 * MB)
    expect(left).toBeLessThan(65_536)
  })

  it('holds memory in two workers at once', async () => {
    const one = { steps: 100_000, size: 256 }
    const { reports, left } = await loops(one, one)
    expect(reports.map((report) => report.sum)).toEqual([10_100_200, 10_100_200])
    for (const { late, early } of reports) expect(late - early).toBeLessThan(60 * MB)
    expect(left).toBeLessThan(65_536)
  })
})

describe('a worker that is stopped in the middle of its work', () => {
  it.each([4, MB])('gives back all of its memory (%i elements)', async (size) => {
    const left = await leftBy(async () => {
      const worker = start({ steps: 0, size, endless: true })
      await firstMessage(worker)
      await new Promise((resolve) => setTimeout(resolve, 50))
      await worker.terminate()
    })
    expect(left).toBeLessThan(65_536)
  })

  it('leaves the main thread able to compute', async () => {
    const worker = start({ steps: 0, size: MB, endless: true })
    await firstMessage(worker)
    for (let i = 0; i < 50; i++) {
      expect(zeros([MB]).add(1).narrow(0, 0, 1).item()).toBe(1)
    }
    await worker.terminate()
    const after = zeros([4 * MB]).add(1)
    expect(after.narrow(0, 7, 1).item()).toBe(1)
  })
})
