/** Measures what this machine can do, with kept buffers: node peaks.js THREADS. */
import { setGradEnabled } from '@flambeau/autograd'
import { add, randn, setNumThreads, zeros } from '@flambeau/core'
import type { Peaks } from './floors.ts'

/** Seconds of the fastest of several calls. */
function fastest(run: () => unknown, milliseconds: number): number {
  let best = Number.POSITIVE_INFINITY
  const start = performance.now()
  for (let calls = 0; calls < 5 || performance.now() - start < milliseconds; calls++) {
    const before = performance.now()
    run()
    best = Math.min(best, performance.now() - before)
  }
  return best / 1e3
}

/** GB/s of a + b into a buffer. */
function bandwidth(elements: number, repeats: number): number {
  const [a, b, out] = [zeros([elements]), zeros([elements]), zeros([elements])]
  const seconds = fastest(() => {
    for (let i = 0; i < repeats; i++) add(a, b, { out })
  }, 500)
  return (12 * elements * repeats) / seconds / 1e9
}

function measure(): Peaks {
  setGradEnabled(false)
  const n = 1024
  const [a, b] = [randn([n, n]), randn([n, n])]
  const seconds = fastest(() => a.matmul(b), 1500)
  return {
    gflops: (2 * n ** 3) / seconds / 1e9,
    memory: bandwidth(1 << 24, 1),
    cache: bandwidth(1 << 18, 16),
  }
}

const threads = Number(process.argv[2])
if (threads > 0) setNumThreads(threads)
process.stdout.write(`RESULT ${JSON.stringify(measure())}\n`)
