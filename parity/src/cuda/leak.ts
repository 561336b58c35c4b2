/** A small net trained for many steps without memory code: the GPU's memory must stay flat. */
import { randint, randn } from '@flambeau/core'
import { maxMemoryAllocated, memoryAllocated, resetPeakMemoryStats } from '@flambeau/cuda-backend'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'

export interface LeakReport {
  steps: number
  /** Bytes of tensors after the first tenth of the steps, and at the end. */
  early: number
  late: number
  /** The most bytes within the last nine tenths. */
  peak: number
  flat: boolean
}

/** Trains for so many steps, or until the time is up. */
export function leakTest(steps: number, seconds: number): LeakReport {
  const model = new nn.Sequential(
    new nn.Conv2d(1, 8, 3),
    new nn.BatchNorm2d(8),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(8 * 5 * 5, 10),
  ).to('cuda')
  const optimizer = new Adam(model.parameters(), { lr: 1e-3 })
  const options = { device: 'cuda' }
  const [x, y] = [randn([16, 1, 12, 12], options), randint(0, 10, [16], options)]
  const end = performance.now() + 1e3 * seconds
  let early = 0
  let done = 0
  const settle = (): number => {
    // What is garbage is given back by a collection, which a quiet moment brings.
    ;(globalThis as { gc?: () => void }).gc?.()
    return memoryAllocated()
  }
  for (; done < steps && performance.now() < end; done++) {
    if (done === Math.floor(steps / 10)) {
      early = settle()
      resetPeakMemoryStats()
    }
    optimizer.zeroGrad()
    nn.functional.crossEntropy(model(x), y).backward()
    optimizer.step()
  }
  const [late, peak] = [settle(), maxMemoryAllocated()]
  return { steps: done, early, late, peak, flat: done === steps && late <= early + 2 ** 20 }
}
