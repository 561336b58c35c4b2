/** What is checked on a GPU: parts, and the cases that they consist of. */
import { grad } from '@flambeau/autograd'
import { randn } from '@flambeau/core'
import { backends, graph } from '@flambeau/cuda-backend'
import * as nn from '@flambeau/nn'
import { moduleClasses, reportModule } from '../modules.ts'
import { isRandomOnDevice } from './exceptions.ts'
import { fusedCases } from './fused.ts'
import { leakTest } from './leak.ts'
import { sampleCases } from './samples.ts'
import { speedCases } from './speed.ts'

/** Something that is checked, or measured. */
export interface Case {
  /** What fails where several cases of it do: an operation, a module. */
  readonly op: string
  readonly name: string
  /** @throws what is wrong. @returns what was found, where there is more to tell. */
  readonly run: () => unknown
  /** Seconds after which it hangs, where it may take longer than others. */
  readonly patience?: number
  /** Is it not to be run a second time where it fails? */
  readonly isOnce?: boolean
}

/** Which cases, and how long they may take together. */
export interface Choice {
  /** Of one operation or module. */
  readonly only?: string | undefined
  /** Every so many-th case. */
  readonly every: number
  readonly seconds: number
}

/** A part of the check. */
export interface Part {
  /** May several processes share its cases? */
  readonly isShared: boolean
  readonly cases: (choice: Choice) => Iterable<Case>
}

/** cuDNN compiles some of its engines when they are first taken, each in a second or more. */
const patienceOf = (op: string): { patience?: number } => (/conv/i.test(op) ? { patience: 40 } : {})

function* samples({ only }: Choice): Generator<Case> {
  for (const one of sampleCases(only)) yield { ...one, ...patienceOf(one.op) }
}

function* modules(): Generator<Case> {
  for (const name of moduleClasses()) {
    if (isRandomOnDevice(name)) continue
    yield {
      op: name,
      name: 'against PyTorch',
      ...patienceOf(name),
      run: () => {
        const { failures } = reportModule(name, 'cuda')
        if (failures.length > 0) throw new Error(failures.join('; '))
      },
    }
  }
}

function* fused(): Generator<Case> {
  for (const { name, run } of fusedCases(20)) yield { op: 'fused', name, run, patience: 30 }
}

function* leak({ seconds }: Choice): Generator<Case> {
  const run = (): unknown => {
    const report = leakTest(5000, seconds)
    if (!report.flat) throw new Error(`memory is not flat: ${JSON.stringify(report)}`)
    return report
  }
  yield { op: 'leak', name: 'training steps', run, patience: seconds + 10, isOnce: true }
}

/** The parts by their names, in the order in which they are run. */
export const parts: Readonly<Record<string, Part>> = {
  samples: { isShared: true, cases: samples },
  modules: { isShared: true, cases: modules },
  fused: { isShared: true, cases: fused },
  leak: { isShared: false, cases: leak },
  speed: { isShared: false, cases: speedCases },
}

/** First uses of what takes seconds to be loaded: after these every case of a part is short. */
export function warmups(part: string): Case[] {
  const patience = 60
  const device = 'cuda'
  const compiling: Case = {
    op: 'first use',
    name: 'of NVRTC',
    patience,
    run: () => {
      const x = randn([4], { device })
      const run = graph(() => x.mul(2).add(1).neg(), { warmup: 0 })
      run().sum().item()
      const { fused } = run.graph
      run.reset()
      if (fused.unavailable !== null) throw new Error(fused.unavailable)
    },
  }
  return [
    {
      op: 'first use',
      name: 'of the GPU',
      patience,
      run: () => randn([4], { device }).add(1).sum().item(),
    },
    {
      op: 'first use',
      name: 'of cuBLASLt',
      patience,
      run: () =>
        randn([8, 8], { device })
          .matmul(randn([8, 8], { device }))
          .sum()
          .item(),
    },
    {
      op: 'first use',
      name: 'of cuDNN',
      patience,
      run: () => {
        const [x, w] = [randn([1, 3, 8, 8], { device }), randn([4, 3, 3, 3], { device })]
        const y = nn.functional.conv2d(x.requiresGrad_(), w.requiresGrad_())
        for (const slope of grad([y.sum()], [x, w])) slope?.sum().item()
        return `version ${backends.cudnn.version()}`
      },
    },
    ...(part === 'fused' ? [compiling] : []),
  ]
}
