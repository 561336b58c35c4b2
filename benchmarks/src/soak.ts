/**
 * Trains for many steps without any memory code and prints resident memory on the way: it must stay
 * where it was after the first thousand steps. In the main thread, in a worker, and in two workers.
 *
 *   node benchmarks/dist/soak.js [--steps 100000] [--where main|worker|workers]
 */
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { manualSeed, memoryStats, rand, randint } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'

/** Trains a small network in one synchronous loop; calls `report` after `every` steps. */
function train(steps: number, every: number, report: (step: number) => void): void {
  manualSeed(0)
  const net = new nn.Sequential(new nn.Linear(64, 128), new nn.ReLU(), new nn.Linear(128, 10))
  const optimizer = new Adam(net.parameters())
  const batches = Array.from({ length: 8 }, () => [rand([32, 64]), randint(0, 10, [32])] as const)
  for (let step = 1; step <= steps; step++) {
    const [x, y] = batches[step % batches.length] as (typeof batches)[number]
    const loss = nn.functional.crossEntropy(net(x), y)
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    if (!Number.isFinite(loss.item())) throw new Error(`the loss is ${loss.item()}`)
    if (step % every === 0) report(step)
  }
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`

async function inWorkers(count: number, steps: number): Promise<void> {
  let first = 0
  const finished = Array.from(
    { length: count },
    (_, i) =>
      new Promise<void>((resolve, reject) => {
        const worker = new Worker(new URL(import.meta.url), { workerData: { steps } })
        worker.on('message', (step: number) => {
          if (i !== 0) return
          const { rss } = process.memoryUsage()
          if (step === 1000) first = rss
          say(step, rss, first)
        })
        worker.on('error', reject)
        worker.on('exit', () => resolve())
      }),
  )
  await Promise.all(finished)
  console.log(`live after the workers ended: ${megabytes(memoryStats().liveBytes)}`)
}

function say(step: number, rss: number, first: number): void {
  const change = first === 0 ? '' : `   ${((rss / first - 1) * 100).toFixed(1)} % since step 1,000`
  console.log(`step ${String(step).padStart(7)}   resident ${megabytes(rss)}${change}`)
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      steps: { type: 'string', default: '100000' },
      where: { type: 'string', default: 'main' },
    },
  })
  const steps = Number(values.steps)
  if (values.where !== 'main') return inWorkers(values.where === 'workers' ? 2 : 1, steps)
  let first = 0
  train(steps, 1000, (step) => {
    const { rss } = process.memoryUsage()
    if (step === 1000) first = rss
    if (step === 1000 || step % 10_000 === 0) say(step, rss, first)
  })
  const { tensors, minorCollections, majorCollections } = memoryStats()
  console.log(
    `${tensors} live tensors, ${minorCollections} minor and ${majorCollections} major collections asked for`,
  )
}

if (isMainThread) {
  await main()
} else {
  const { steps } = workerData as { steps: number }
  train(steps, 1000, (step) => {
    if (step === 1000 || step % 10_000 === 0) parentPort?.postMessage(step)
  })
}
