/** Runs workloads on both sides in turns. */
import { summarize } from './clean-samples.ts'
import { disagreement, lossTolerance } from './compare.ts'
import type { Demand, Peaks } from './floors.ts'
import { floorMs } from './floors.ts'
import type { Answer, BenchDevice, Precision, Request, Side, Variant } from './protocol.ts'

/** What a workload's run gave. Numbers are null for a side that did not run or failed. */
export interface Outcome {
  readonly name: string
  readonly flambeauMs: number | null
  readonly pytorchMs: number | null
  /** flambeau / PyTorch; null unless both ran and computed the same. */
  readonly ratio: number | null
  readonly flambeauPeakRssMb: number | null
  readonly pytorchPeakRssMb: number | null
  /** 10⁹ operations of matrix products and convolutions a second; null where nothing counts. */
  readonly gflops: number | null
  /** Share of the least time that the machine allows; null where that is not known. */
  readonly shareOfFloor: number | null
  /** The variant of PyTorch that was the fastest; null if none ran. */
  readonly variant: Variant | null
  /** Whether a side never had the cores to itself. */
  readonly contended: boolean
  /** What went wrong; null if nothing did. */
  readonly failure: string | null
}

export interface RunOptions {
  readonly threads: number
  readonly rounds: number
  readonly seconds: number
  readonly dropout: boolean
  readonly device: BenchDevice
  readonly precision: Precision
  readonly graph: boolean
  /** What PyTorch is run as; the fastest counts. */
  readonly variants: readonly Variant[]
  /** What the machine can do; null if that was not measured. */
  readonly peaks: Peaks | null
  /** Resolves when the next process may start. */
  readonly ready: () => Promise<void>
}

interface Measured {
  /** Null where it is not known. */
  readonly demand: Demand | null
  readonly name: string
  readonly samples: number
  readonly firstSteps: number
}

/** A sample that waited for a core for a larger share of its time is discarded. */
const MAX_WAIT = 0.03

const SEED = 0

interface SideResult {
  readonly ms: number
  readonly peakRssMb: number
  readonly contended: boolean
}

function combine(answers: readonly Answer[]): SideResult | null {
  if (answers.length === 0) return null
  const { median, contended } = summarize(
    answers.flatMap(({ samples }) => samples),
    MAX_WAIT,
  )
  return { ms: median, peakRssMb: Math.max(...answers.map((a) => a.peakRssMb)), contended }
}

interface Reference extends SideResult {
  readonly variant: Variant
}

/** The fastest of PyTorch's variants. */
function fastest(answers: ReadonlyMap<Variant, readonly Answer[]>): Reference | null {
  let best: Reference | null = null
  for (const [variant, list] of answers) {
    const result = combine(list)
    if (result !== null && (best === null || result.ms < best.ms)) best = { ...result, variant }
  }
  return best
}

/** Measures a workload: A B A B …, a process each. `pytorch` is null where there is none. */
export async function runWorkload(
  { name, samples, firstSteps, demand }: Measured,
  flambeau: Side,
  pytorch: Side | null,
  {
    threads,
    rounds,
    seconds,
    dropout,
    device,
    precision,
    graph,
    variants,
    peaks,
    ready,
  }: RunOptions,
): Promise<Outcome> {
  const ours: Answer[] = []
  const theirs = new Map<Variant, Answer[]>(variants.map((variant) => [variant, []]))
  let failure: string | null = null
  for (let round = 0; round < rounds && failure === null; round++) {
    const request: Request = {
      name,
      threads,
      seed: SEED,
      // The steps that warm a graph up are not told.
      firstSteps: graph ? 0 : firstSteps,
      samples,
      seconds,
      maxWait: MAX_WAIT,
      // Single operations draw their numbers on the device, where they are others.
      digest: round === 0 && pytorch !== null && device === 'cpu',
      dropout,
      variant: 'eager',
      device,
      precision,
      graph,
    }
    try {
      await ready()
      const answer = await flambeau(request)
      ours.push(answer)
      if (pytorch === null) continue
      for (const [variant, answers] of theirs) {
        await ready()
        const reference = await pytorch({ ...request, variant })
        answers.push(reference)
        failure ??= disagreement(answer, reference, lossTolerance(device, precision))
      }
    } catch (error) {
      const side = ours.length === round ? 'flambeau' : 'PyTorch'
      failure = `${side}: ${(error as Error).message}`
    }
  }
  const mine = combine(ours)
  const reference = fastest(theirs)
  const comparable = mine !== null && reference !== null && failure === null
  const known = mine !== null && demand !== null
  return {
    name,
    flambeauMs: mine?.ms ?? null,
    pytorchMs: reference?.ms ?? null,
    ratio: comparable ? mine.ms / reference.ms : null,
    flambeauPeakRssMb: mine?.peakRssMb ?? null,
    pytorchPeakRssMb: reference?.peakRssMb ?? null,
    gflops: known && demand.gflop > 0 ? (demand.gflop / mine.ms) * 1e3 : null,
    shareOfFloor: known && peaks !== null ? floorMs(demand, peaks) / mine.ms : null,
    variant: reference?.variant ?? null,
    contended: mine?.contended === true || reference?.contended === true,
    failure,
  }
}
