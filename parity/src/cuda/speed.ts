/**
 * How fast a GPU moves and multiplies here: node dist/cuda/speed.js [--json FILE]. gpu_speed.py beside this
 * package measures the same with PyTorch.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { noGrad } from '@flambeau/autograd'
import type { DType } from '@flambeau/core'
import { add, empty, matmul, ones, randn } from '@flambeau/core'
import { deviceCount, Event, getDeviceName, synchronize } from '@flambeau/cuda-backend'

const { values } = parseArgs({ options: { json: { type: 'string' } } })
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

function measure(): Record<string, number> {
  const n = 64 * 2 ** 20
  const x = randn([n], { device })
  const y = empty([n], { device })
  const square = x.view([8192, 8192])
  const small = ones([4], { device })
  const results: Record<string, number> = {
    'copy GB/s': bandwidth(2 * n, () => y.copy_(x)),
    'add GB/s': bandwidth(3 * n, () => add(x, y)),
    'relu GB/s': bandwidth(2 * n, () => x.relu()),
    'exp GB/s': bandwidth(2 * n, () => x.exp()),
    'sigmoid GB/s': bandwidth(2 * n, () => x.sigmoid()),
    'sum GB/s': bandwidth(n, () => x.sum()),
    'sum of rows GB/s': bandwidth(n, () => square.sum(1)),
    'sum of columns GB/s': bandwidth(n, () => square.sum(0)),
    'softmax GB/s': bandwidth(2 * n, () => square.softmax(1)),
    'transpose GB/s': bandwidth(2 * n, () => square.T.contiguous()),
    'matmul 4096 float32 TFLOP/s': teraflops(4096, 'float32'),
    'matmul 8192 bfloat16 TFLOP/s': teraflops(8192, 'bfloat16'),
    'host us per add': hostMicroseconds(() => add(small, small)),
  }
  return results
}

if (deviceCount() === 0) {
  process.stdout.write('there is no GPU\n')
  process.exitCode = 2
} else {
  const results = noGrad(measure)
  process.stdout.write(`${getDeviceName()}\n`)
  for (const [name, value] of Object.entries(results))
    process.stdout.write(`${name}: ${value.toFixed(1)}\n`)
  if (values.json !== undefined)
    writeFileSync(
      values.json,
      `${JSON.stringify({ device: getDeviceName(), ...results }, null, 2)}\n`,
    )
}
