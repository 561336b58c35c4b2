import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ProfilerAverage } from './index.ts'
import { add, arange, empty, ones, profiler, ValueError, vmap, zeros } from '../index.ts'
import { native } from '../native.ts'

const { profile, recordFunction } = profiler

function rows(seen: profiler.Profile): Map<string, ProfilerAverage> {
  return new Map([...seen.keyAverages()].map((row) => [row.key, row]))
}

describe('profile', () => {
  it('counts operations under their names', () => {
    const x = ones([8, 8])
    const seen = profile(() => {
      for (let i = 0; i < 5; i++) x.add(x)
      x.mul_(2)
      return x.matmul(x).sum().item()
    })
    const counts = Object.fromEntries([...rows(seen)].map(([key, { count }]) => [key, count]))
    expect(counts).toEqual({ add: 5, mul_: 1, matmul: 1, sum: 1, item: 1 })
    for (const { selfCpuTimeTotal, cpuTimeTotal } of seen.keyAverages()) {
      expect(selfCpuTimeTotal).toBeGreaterThan(0)
      expect(cpuTimeTotal).toBe(selfCpuTimeTotal)
    }
    expect(seen.keyAverages().selfCpuTimeTotal).toBeLessThanOrEqual(seen.wallTime)
  })

  it('subtracts what is inside of a named part', () => {
    const x = ones([256, 256])
    const seen = profile(() =>
      recordFunction('outer', () => {
        recordFunction('inner', () => x.matmul(x))
        x.exp()
      }),
    )
    const [outer, inner, matmul] = seen.events()
    expect([outer?.name, inner?.name, matmul?.name]).toEqual(['outer', 'inner', 'matmul'])
    expect([outer?.depth, inner?.depth, matmul?.depth]).toEqual([0, 1, 2])
    const all = rows(seen)
    const time = (name: string): number => all.get(name)?.cpuTimeTotal ?? Number.NaN
    expect(time('outer')).toBeGreaterThanOrEqual(time('inner') + time('exp'))
    expect(all.get('outer')?.selfCpuTimeTotal).toBeCloseTo(
      time('outer') - time('inner') - time('exp'),
      3,
    )
  })

  it('keeps shapes and tells them apart, if asked', () => {
    const run = (): void => {
      ones([2, 3]).add(1)
      ones([2, 3]).add(ones([3]))
      ones([4]).add(1)
    }
    const options = { recordShapes: true }
    const averages = profile(run, options).keyAverages({ groupByInputShape: true })
    const adds = [...averages].filter(({ key }) => key === 'add')
    expect(adds.map(({ inputShapes }) => inputShapes)).toEqual([
      [[2, 3], null],
      [[2, 3], [3]],
      [[4], null],
    ])
    expect(averages.table()).toMatch(/add .*\[\[2, 3\], \[3\]\]/)
    expect(() => profile(run).keyAverages({ groupByInputShape: true })).toThrow(ValueError)
  })

  it('measures memory, if asked', () => {
    const kept: unknown[] = []
    const seen = profile(
      () => recordFunction('part', () => kept.push(empty([1 << 18]), zeros([1 << 18]).exp())),
      { profileMemory: true },
    )
    const all = rows(seen)
    expect(all.get('exp')?.selfCpuMemoryUsage).toBe(1 << 20)
    expect(all.get('part')?.cpuMemoryUsage).toBeGreaterThanOrEqual(2 << 20)
    expect(seen.keyAverages().table({ sortBy: 'cpuMemoryUsage' })).toContain('1 MB')
    expect(all.get('exp')?.bytes).toBe(2 << 20)
  })

  it('prints a table', () => {
    const seen = profile(() => {
      const x = ones([128, 128])
      x.matmul(x)
      x.exp()
      x.exp()
    })
    const text = seen.keyAverages().table({ sortBy: 'self_cpu_time_total', rowLimit: 2 })
    const lines = text.split('\n')
    expect(lines[1]).toMatch(/^Name +Self CPU % +Self CPU +CPU total % +CPU total +CPU time avg/)
    expect(lines).toHaveLength(7)
    expect(lines.at(-1)).toMatch(/^Self CPU time total: \d+\.\d{3} (µs|ms|s)$/)
    const averages = seen.keyAverages()
    expect(() => averages.table({ sortBy: 'colour' })).toThrow(/there is no column "colour"/)
    const counts = averages.table({ sortBy: 'count' }).split('\n').slice(3, 4)
    expect(counts[0]).toMatch(/^exp .* 2$/)
  })

  it('leaves nothing behind, whatever happens', () => {
    const before = { ...native }
    profile(() => zeros([1]))
    expect({ ...native }).toEqual(before)
    expect(() =>
      profile(() => {
        throw new RangeError('stop')
      }),
    ).toThrow(RangeError)
    expect({ ...native }).toEqual(before)
    expect(recordFunction('alone', () => 3)).toBe(3)
  })

  it('waits for what is asynchronous', async () => {
    const seen = await profile(async () => {
      await recordFunction('wait', () => Promise.resolve())
      zeros([1]).add(1)
    })
    expect([...rows(seen).keys()]).toEqual(['wait', 'fill', 'add'])
  })

  it('refuses another profile inside, and what is no function', () => {
    expect(() => profile(() => profile(() => 1))).toThrow(/another profile is being made/)
    expect(() => profile(3 as never)).toThrow(ValueError)
  })

  it('changes no results', () => {
    const run = (): unknown => {
      const out = empty([3])
      add(arange(3), 1, { out })
      return [out.tolist(), vmap((x: typeof out) => x.mul(2))(out).tolist()]
    }
    let inside: unknown
    profile(() => (inside = run()), { recordShapes: true, profileMemory: true })
    expect(inside).toEqual(run())
  })

  it('writes a trace for Chrome', () => {
    const folder = mkdtempSync(join(tmpdir(), 'trace-'))
    try {
      const path = join(folder, 'trace.json')
      const seen = profile(() => recordFunction('part', () => ones([2]).add(1)), {
        recordShapes: true,
      })
      seen.exportChromeTrace(path)
      const trace = JSON.parse(readFileSync(path, 'utf8')) as {
        traceEvents: Record<string, unknown>[]
      }
      const complete = trace.traceEvents.filter(({ ph }) => ph === 'X')
      expect(complete.map(({ name }) => name)).toEqual(['part', 'fill', 'add'])
      for (const event of complete) {
        expect(event).toMatchObject({ pid: process.pid, tid: 1 })
        expect(event['dur']).toBeGreaterThanOrEqual(0)
      }
      const [part, first] = complete as { ts: number; dur: number }[]
      expect(first?.ts).toBeGreaterThanOrEqual(part?.ts ?? Number.NaN)
      expect(complete[2]?.['args']).toMatchObject({ 'Input Dims': [[2], null] })
      expect(() => seen.exportChromeTrace(join(folder, 'no', 'trace.json'))).toThrow(ValueError)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
