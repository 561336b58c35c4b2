/** How flambeau's samples are taken; pytorch/measure.py does the same. */
import type { Request, Sample } from './protocol.ts'
import { runDelayMs } from './run-delay.ts'

const MIN_SAMPLE_MS = 2
const WARM_UP_MS = 250
const MAX_INNER = 1 << 20

/** Waits for what was begun; replaced where that is another device's work. */
export const device: { synchronize: () => void } = { synchronize: () => {} }

function timed(step: () => unknown, times: number): number {
  const start = performance.now()
  for (let i = 0; i < times; i++) step()
  device.synchronize()
  return performance.now() - start
}

/** As many calls as take about two milliseconds. */
export function callsPerSample(step: () => unknown): number {
  let inner = 1
  for (;;) {
    let ms = timed(step, inner)
    // Once more, in case that the first time was long because another program had the core.
    if (ms >= MIN_SAMPLE_MS) ms = Math.min(ms, timed(step, inner))
    if (ms >= MIN_SAMPLE_MS || inner >= MAX_INNER) return inner
    const wanted = Math.floor((inner * 1.25 * MIN_SAMPLE_MS) / Math.max(ms, 1e-4))
    inner = Math.min(Math.max(inner * 2, wanted), MAX_INNER)
  }
}

/** Runs at least two samples, and for a quarter of a second. */
export function warmUp(step: () => unknown, inner: number): void {
  const start = performance.now()
  for (
    let round = 0;
    round < 2 || (performance.now() - start < WARM_UP_MS && round < 50);
    round++
  ) {
    timed(step, inner)
  }
}

/** Takes samples until enough of them are uncontended, or the time is up. */
export function takeSamples(step: () => unknown, inner: number, request: Request): Sample[] {
  const samples: Sample[] = []
  const limit = request.seconds * 1e3
  const start = performance.now()
  let clean = 0
  let delay = runDelayMs()
  while (clean < request.samples) {
    const ms = timed(step, inner)
    const now = runDelayMs()
    const waited = (now - delay) / ms
    delay = now
    samples.push([ms / inner, waited])
    if (waited < request.maxWait) clean++
    const spent = performance.now() - start
    if (clean >= 3 && spent > limit) break
    if (samples.length >= 3 && spent > 2 * limit) break
  }
  return samples
}
