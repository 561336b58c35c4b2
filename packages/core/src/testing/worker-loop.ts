/** The module of a worker that makes many tensors in a synchronous loop, for workers.test.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Tensor } from '../index.ts'
import { memoryStats, ones } from '../index.ts'

export interface LoopOptions {
  steps: number
  /** Elements of each tensor. */
  size: number
  /** Do not end by itself. */
  endless?: boolean
}

export interface LoopReport {
  early: number
  late: number
  tensors: number
  sum: number
}

const { steps, size, endless } = workerData as LoopOptions
const rss = (): number => process.memoryUsage.rss()

const x = ones([size])
const kept: Tensor[] = []
let early = 0
let sum = 0
if (endless) parentPort?.postMessage('started')
const last = endless ? Number.POSITIVE_INFINITY : steps
for (let step = 1; step <= last; step++) {
  const y = x.add(step).mul(2)
  if (step % 1000 === 0) {
    kept.push(y)
    if (kept.length > 4) kept.shift()
    sum += y.select(0, 0).item()
  }
  if (step === Math.ceil(steps / 10)) early = rss()
}
const report: LoopReport = { early, late: rss(), tensors: memoryStats().tensors, sum }
parentPort?.postMessage(report)
