/**
 * How fast a GPU moves and multiplies here. gpu_speed.py beside this package measures the same with
 * PyTorch.
 */
import { noGrad } from '@flambeau/autograd'
import type { DType } from '@flambeau/core'
import { add, empty, matmul, ones, randn } from '@flambeau/core'
import { Event, synchronize } from '@flambeau/cuda-backend'
import type { Case } from './parts.ts'

const device = 'cuda'

/** The least milliseconds of a call, by events around ten. */
function milliseconds(run: () => unknown): number {
  for (let i = 0; i < 3; i++) run()
  let best = Infinity
  for (let round = 0; round < 5; round++) {
    const [start, end] = [new Event({ enableTiming: true }), new Event({ enableTiming: true })]
    start.record()
    for (let i = 0; i < 10; i++) run()
    end.record()
    synchronize()
    best = Math.min(best, start.elapsedTime(end) / 10)
  }
  return best
}

/** Gigabytes a second of a call that reads and writes so many elements of float32. */
const bandwidth = (elements: number, run: () => unknown): number =>
  (4 * elements) / milliseconds(run) / 1e6

function teraflops(n: number, dtype: DType): number {
  const [a, b] = [randn([n, n], { device }).to(dtype), randn([n, n], { device }).to(dtype)]
  return (2 * n ** 3) / milliseconds(() => matmul(a, b)) / 1e9
}

/** Host microseconds of a call on four elements, while the GPU keeps up. */
function hostMicroseconds(run: () => unknown): number {
  let best = Infinity
  for (let round = 0; round < 20; round++) {
    synchronize()
    const start = performance.now()
    for (let i = 0; i < 500; i++) run()
    best = Math.min(best, (performance.now() - start) * 2)
    synchronize()
  }
  return best
}

/** Each figure by itself: what fails leaves the others. */
export function* speedCases(): Generator<Case> {
  const n = 64 * 2 ** 20
  const x = randn([n], { device })
  const y = empty([n], { device })
  const square = x.view([8192, 8192])
  const small = ones([4], { device })
  const figures: Record<string, () => number> = {
    'copy GB/s': () => bandwidth(2 * n, () => y.copy_(x)),
    'add GB/s': () => bandwidth(3 * n, () => add(x, y)),
    'relu GB/s': () => bandwidth(2 * n, () => x.relu()),
    'exp GB/s': () => bandwidth(2 * n, () => x.exp()),
    'sigmoid GB/s': () => bandwidth(2 * n, () => x.sigmoid()),
    'sum GB/s': () => bandwidth(n, () => x.sum()),
    'sum of rows GB/s': () => bandwidth(n, () => square.sum(1)),
    'sum of columns GB/s': () => bandwidth(n, () => square.sum(0)),
    'softmax GB/s': () => bandwidth(2 * n, () => square.softmax(1)),
    'transpose GB/s': () => bandwidth(2 * n, () => square.T.contiguous()),
    'matmul 4096 float32 TFLOP/s': () => teraflops(4096, 'float32'),
    'matmul 8192 bfloat16 TFLOP/s': () => teraflops(8192, 'bfloat16'),
    'host us per add': () => hostMicroseconds(() => add(small, small)),
  }
  for (const [name, measure] of Object.entries(figures))
    yield { op: 'speed', name, run: () => noGrad(measure), patience: 20, isOnce: true }
}
