/** A large matrix product on the processor, then on the GPU: once to wake it, and once more. */
import type { Tensor } from '@flambeau/core'
import { randn, version } from '@flambeau/core'
import { unavailableReason } from '@flambeau/cuda-backend'
import { bestDevice } from '../devices.ts'
import { budget } from '../settings.ts'

function timed(a: Tensor, b: Tensor): void {
  const start = performance.now()
  // A GPU works on its own; only asking for a number waits until it is done. Mended: the clock was
  // stopped before.
  const norm = a.matmul(b).norm(2).item()
  const seconds = (performance.now() - start) / 1000
  console.log(a.device, `${seconds.toFixed(4)} s`, 'norm', norm.toFixed(1))
}

const device = bestDevice()
console.log(version)
console.log('GPU:', device === 'cuda')

let a = randn(budget(10_000, 500), 1000)
let b = randn(1000, budget(2000, 500))
timed(a, b)

if (device === 'cuda') {
  a = a.to(device)
  b = b.to(device)
  timed(a, b) // with the time that the GPU takes to start
  timed(a, b)
} else {
  console.log('There is no GPU to compare with:', unavailableReason())
}
