/** Where flambeau's time goes in one workload: node profile.js '{"name": "mlp_mnist", …}'. */
import { PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import type { profiler as Profiler } from '@flambeau/core'
import { getNumThreads, manualSeed, memoryStats, profiler, setNumThreads } from '@flambeau/core'
import { callsPerSample, warmUp } from './measure.ts'
import type { Request } from './protocol.ts'
import { formatTime } from './table.ts'
import { settings } from './workload.ts'
import { workloads } from './workloads/index.ts'

/** Milliseconds that are watched, at least one call. */
const WATCHED_MS = 500

type Row = Profiler.ProfilerAverage

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

interface Totals {
  readonly calls: number
  readonly wallMs: number
  readonly plainMs: number
  readonly gcMs: number
  readonly collections: number
  readonly allocations: number
  readonly cacheHits: number
}

function line(cells: readonly string[]): string {
  const widths = [-34, 9, 11, 8, 11, 11, 9]
  return cells
    .map((cell, i) => {
      const width = widths[i] ?? 10
      return width < 0 ? cell.padEnd(-width) : cell.padStart(width)
    })
    .join(' ')
    .trimEnd()
}

function table(rows: readonly Row[], calls: number, totalUs: number): void {
  print(line(['operation', 'calls', 'time', 'share', 'a call', 'traffic', 'GB/s']))
  for (const { key, count, selfCpuTimeTotal: us, bytes } of rows) {
    if (us < totalUs * 0.002) continue
    print(
      line([
        key,
        (count / calls).toFixed(count % calls === 0 ? 0 : 1),
        formatTime(us / calls / 1e3),
        `${((us / totalUs) * 100).toFixed(1)} %`,
        formatTime(us / count / 1e3),
        `${(bytes / calls / 1e6).toFixed(1)} MB`,
        us > 0 && bytes > 0 ? (bytes / us / 1e3).toFixed(1) : '-',
      ]),
    )
  }
}

function summary(seen: Profiler.Profile, totals: Totals): void {
  const rows = [...seen.keyAverages()].toSorted((a, b) => b.selfCpuTimeTotal - a.selfCpuTimeTotal)
  const native = rows.filter(({ kind }) => kind === 'operation')
  const { calls, wallMs, plainMs, gcMs, collections, allocations, cacheHits } = totals
  const kernelMs = native.reduce((sum, row) => sum + row.selfCpuTimeTotal, 0) / 1e3
  table(native, calls, wallMs * 1e3)
  const launches = native.reduce((sum, row) => sum + row.count, 0)
  const bytes = native.reduce((sum, row) => sum + row.bytes, 0)
  const rest = (wallMs - kernelMs - gcMs) / calls
  print('')
  print('in the derivative of (all inside)')
  for (const row of rows.filter(({ kind }) => kind === 'backward').slice(0, 40)) {
    if (row.cpuTimeTotal < wallMs * 10) continue
    const name = row.key.padEnd(34)
    print(`  ${name} ${formatTime(row.cpuTimeTotal / calls / 1e3).padStart(10)}`)
  }
  print('')
  print(`a call, unwatched   ${formatTime(plainMs)}  (watched: ${formatTime(wallMs / calls)})`)
  print(
    `kernels             ${formatTime(kernelMs / calls)} in ${(launches / calls).toFixed(0)} launches`,
  )
  print(`JavaScript          ${formatTime(Math.max(0, rest))}  (the rest)`)
  print(
    `garbage collection  ${formatTime(gcMs / calls)} in ${(collections / calls).toFixed(2)} collections`,
  )
  print(`memory traffic      ${(bytes / calls / 1e6).toFixed(1)} MB of inputs and outputs`)
  print(
    `allocations         ${(allocations / calls).toFixed(0)}, of which ${(cacheHits / calls).toFixed(0)} reuse memory`,
  )
  print(
    `peak memory         ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB of the process`,
  )
}

async function main({ name, threads, seed, dropout }: Request): Promise<void> {
  const workload = workloads.find((one) => one.name === name)
  if (workload === undefined) throw new RangeError(`no workload is called '${name}'`)
  if (threads > 0) setNumThreads(threads)
  settings.dropout = dropout
  manualSeed(seed)
  const { step } = workload.build()
  step()
  const inner = workload.group === 'micro' ? callsPerSample(step) : 1
  warmUp(step, inner)
  // Without the profiler first, as a user runs it.
  let collections = 0
  let gcMs = 0
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      collections++
      gcMs += entry.duration
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  const before = memoryStats()
  const start = performance.now()
  let calls = 0
  while (calls === 0 || performance.now() - start < WATCHED_MS) {
    for (let i = 0; i < inner; i++) step()
    calls += inner
  }
  const plainMs = (performance.now() - start) / calls
  const after = memoryStats()
  // Entries are handed over later.
  await wait(50)
  observer.disconnect()
  const watched = Math.max(1, Math.min(calls, 20_000))
  const seen = profiler.profile(() => {
    for (let i = 0; i < watched; i++) step()
  })
  const share = watched / calls
  print(`${name}: ${workload.summary}; ${getNumThreads()} threads\n`)
  summary(seen, {
    calls: watched,
    wallMs: seen.wallTime / 1e3,
    plainMs,
    gcMs: gcMs * share,
    collections: collections * share,
    allocations: (after.allocations - before.allocations) * share,
    cacheHits: (after.cacheHits - before.cacheHits) * share,
  })
}

await main(JSON.parse(process.argv[2] ?? '') as Request)
