/** Runs workloads on both sides in turns. */
import { summarize } from './clean-samples.ts'
import { disagreement } from './compare.ts'
import type { Answer, Request, Side } from './protocol.ts'

/** What a workload's run gave. Numbers are null for a side that did not run or failed. */
export interface Outcome {
  readonly name: string
  readonly flambeauMs: number | null
  readonly pytorchMs: number | null
  /** flambeau / PyTorch; null unless both ran and computed the same. */
  readonly ratio: number | null
  readonly flambeauPeakRssMb: number | null
  readonly pytorchPeakRssMb: number | null
  /** Whether a side never had the cores to itself. */
  readonly contended: boolean
  /** What went wrong; null if nothing did. */
  readonly failure: string | null
}

export interface RunOptions {
  readonly threads: number
  readonly rounds: number
  readonly seconds: number
  /** Resolves when the next process may start. */
  readonly ready: () => Promise<void>
}

interface Measured {
  readonly name: string
  readonly samples: number
  readonly firstSteps: number
}

/** A sample that waited for a core for a larger share of its time is discarded. */
export const MAX_WAIT = 0.03

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

/** Measures a workload: A B A B …, a process each. `pytorch` is null where there is none. */
export async function runWorkload(
  { name, samples, firstSteps }: Measured,
  flambeau: Side,
  pytorch: Side | null,
  { threads, rounds, seconds, ready }: RunOptions,
): Promise<Outcome> {
  const ours: Answer[] = []
  const theirs: Answer[] = []
  let failure: string | null = null
  for (let round = 0; round < rounds && failure === null; round++) {
    const request: Request = {
      name,
      threads,
      seed: SEED,
      firstSteps,
      samples,
      seconds,
      maxWait: MAX_WAIT,
      digest: round === 0 && pytorch !== null,
    }
    try {
      await ready()
      const answer = await flambeau(request)
      ours.push(answer)
      if (pytorch === null) continue
      await ready()
      const reference = await pytorch(request)
      theirs.push(reference)
      failure = disagreement(answer, reference)
    } catch (error) {
      const side = ours.length === round ? 'flambeau' : 'PyTorch'
      failure = `${side}: ${(error as Error).message}`
    }
  }
  const mine = combine(ours)
  const reference = combine(theirs)
  const comparable = mine !== null && reference !== null && failure === null
  return {
    name,
    flambeauMs: mine?.ms ?? null,
    pytorchMs: reference?.ms ?? null,
    ratio: comparable ? mine.ms / reference.ms : null,
    flambeauPeakRssMb: mine?.peakRssMb ?? null,
    pytorchPeakRssMb: reference?.peakRssMb ?? null,
    contended: mine?.contended === true || reference?.contended === true,
    failure,
  }
}
