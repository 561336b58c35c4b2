/** One measurement of a workload with flambeau. */
import type { Tensor } from '@flambeau/core'
import { getNumThreads, manualSeed, setDefaultDevice, setNumThreads } from '@flambeau/core'
import { callsPerSample, device, takeSamples, warmUp } from './measure.ts'
import type { Answer, Request } from './protocol.ts'
import { settings } from './workload.ts'
import { workloads } from './workloads/index.ts'

/** The sum of magnitudes, weighted by position in row-major order. */
function digest(tensor: Tensor): number {
  const values = tensor.detach().toArray()
  let sum = 0
  for (let i = 0; i < values.length; i++) {
    sum += Math.abs(values[i] as number) * ((i % 1009) + 1)
  }
  return sum
}

/** What is asked of the package that brings GPUs. */
export interface Cuda {
  synchronize(): void
  maxMemoryAllocated(): number
  graph(body: () => Tensor): () => Tensor
}

/** Builds the workload, runs its first steps, warms up, and takes samples. */
export function answer(request: Request, cuda: Cuda | null = null): Answer {
  const workload = workloads.find(({ name }) => name === request.name)
  if (workload === undefined) throw new RangeError(`no workload is called '${request.name}'`)
  if (request.threads > 0) setNumThreads(request.threads)
  settings.dropout = request.dropout
  settings.device = request.device
  settings.precision = request.precision
  if (cuda !== null) {
    device.synchronize = () => cuda.synchronize()
    if (request.graph) settings.capture = (body) => cuda.graph(body)
    if (workload.group !== 'train') setDefaultDevice('cuda')
  }
  manualSeed(request.seed)
  const { step, check, losses } = workload.build()
  for (let i = 0; i < request.firstSteps; i++) step()
  const inner = workload.group === 'micro' ? callsPerSample(step) : 1
  warmUp(step, inner)
  const samples = takeSamples(step, inner, request)
  // Before the digest, which copies results to JavaScript.
  const peakRssMb = process.resourceUsage().maxRSS / 1024
  let digests: number[] = []
  if (request.digest && check !== null) {
    manualSeed(request.seed)
    digests = check().map(digest)
  }
  return {
    samples,
    peakRssMb,
    peakDeviceMb: cuda === null ? 0 : cuda.maxMemoryAllocated() / 2 ** 20,
    threads: getNumThreads(),
    version: process.version,
    losses: losses?.slice(0, request.firstSteps) ?? [],
    digests,
  }
}
