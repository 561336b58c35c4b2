import { describe, expect, it } from 'vitest'
import type { Answer, Request, Side } from './protocol.ts'
import type { RunOptions } from './runner.ts'
import { runWorkload } from './runner.ts'

const workload = { name: 'mlp_mnist', samples: 5, firstSteps: 2, demand: null }
const options: RunOptions = {
  threads: 2,
  rounds: 3,
  seconds: 1,
  dropout: true,
  device: 'cpu',
  precision: 'float32',
  graph: false,
  variants: ['eager'],
  peaks: null,
  ready: async () => {},
}

function answer(fields: Partial<Answer> = {}): Answer {
  const samples = [
    [1, 0],
    [2, 0],
    [3, 0],
  ] as const
  return {
    samples,
    peakRssMb: 100,
    peakDeviceMb: 0,
    threads: 2,
    version: '1',
    losses: [],
    digests: [],
    ...fields,
  }
}

/** A side that gives these answers in turn, and the requests that it got. */
function recordedSide(...answers: readonly Answer[]): { side: Side; requests: Request[] } {
  const requests: Request[] = []
  const side: Side = async (request) => {
    requests.push(request)
    return answers[(requests.length - 1) % answers.length] as Answer
  }
  return { side, requests }
}

describe('runWorkload', () => {
  it('takes turns', async () => {
    const order: string[] = []
    const turn = (name: string): Side => {
      return async () => {
        order.push(name)
        return answer()
      }
    }
    const ready = async (): Promise<void> => void order.push('ready')
    await runWorkload(workload, turn('A'), turn('B'), { ...options, rounds: 2, ready })
    expect(order.join(' ')).toBe('ready A ready B ready A ready B')
  })

  it('pools the samples of all rounds and keeps the highest memory', async () => {
    const ours = recordedSide(
      answer({ samples: [[1, 0]] }),
      answer({ samples: [[2, 0]], peakRssMb: 120 }),
      answer({ samples: [[9, 0]] }),
    )
    const theirs = recordedSide(answer({ samples: [[4, 0]], peakRssMb: 300 }))
    expect(await runWorkload(workload, ours.side, theirs.side, options)).toEqual({
      name: 'mlp_mnist',
      flambeauMs: 2,
      pytorchMs: 4,
      ratio: 0.5,
      flambeauPeakRssMb: 120,
      pytorchPeakRssMb: 300,
      gflops: null,
      shareOfFloor: null,
      variant: 'eager',
      contended: false,
      failure: null,
    })
  })

  it('asks both sides for the same, and for digests once', async () => {
    const [ours, theirs] = [recordedSide(answer()), recordedSide(answer())]
    await runWorkload(workload, ours.side, theirs.side, options)
    expect(ours.requests).toEqual(theirs.requests)
    expect(ours.requests[0]).toMatchObject({ name: 'mlp_mnist', threads: 2, firstSteps: 2 })
    expect(ours.requests.map(({ digest }) => digest)).toEqual([true, false, false])
  })

  it('counts a fast wrong step as a failure, without a ratio', async () => {
    const ours = recordedSide(answer({ losses: [2.3, 2.3] }))
    const theirs = recordedSide(answer({ losses: [2.3, 2.2] }))
    const outcome = await runWorkload(workload, ours.side, theirs.side, options)
    expect(outcome).toMatchObject({
      ratio: null,
      failure: "loss 2 is 2.300000, PyTorch's 2.200000",
    })
    expect(ours.requests).toHaveLength(1)
  })

  it('compares with the fastest variant, and all of them must agree', async () => {
    const ours = recordedSide(answer({ samples: [[2, 0]] }))
    const theirs = recordedSide(answer({ samples: [[8, 0]] }), answer({ samples: [[4, 0]] }))
    const tuned = { ...options, rounds: 1, variants: ['keep-heap', 'tuned'] as const }
    const outcome = await runWorkload(workload, ours.side, theirs.side, tuned)
    expect(outcome).toMatchObject({ pytorchMs: 4, ratio: 0.5, variant: 'tuned' })
    expect(theirs.requests.map(({ variant }) => variant)).toEqual(['keep-heap', 'tuned'])
    const wrong = recordedSide(answer(), answer({ digests: [1] }))
    const failed = await runWorkload(workload, ours.side, wrong.side, tuned)
    expect(failed).toMatchObject({ ratio: null, failure: "0 digests instead of PyTorch's 1" })
  })

  it('tells the speed, and how near the floor it is', async () => {
    const ours = recordedSide(answer({ samples: [[4, 0]] }))
    const peaks = { gflops: 100, memory: 10, cache: 50 }
    const demand = { gflop: 0.2, megabytes: 20 }
    const outcome = await runWorkload({ ...workload, demand }, ours.side, null, {
      ...options,
      peaks,
    })
    expect(outcome.gflops).toBeCloseTo(50, 9)
    expect(outcome.shareOfFloor).toBeCloseTo(0.5, 9)
  })

  it('runs alone without PyTorch', async () => {
    const ours = recordedSide(answer())
    const outcome = await runWorkload(workload, ours.side, null, options)
    expect(outcome).toMatchObject({ flambeauMs: 2, pytorchMs: null, ratio: null, failure: null })
    expect(ours.requests.map(({ digest }) => digest)).toEqual([false, false, false])
  })

  it('says which side failed', async () => {
    const crash: Side = async () => {
      throw new Error('it crashed')
    }
    const good = recordedSide(answer()).side
    const ours = await runWorkload(workload, crash, good, options)
    expect(ours).toMatchObject({ flambeauMs: null, failure: 'flambeau: it crashed' })
    const theirs = await runWorkload(workload, good, crash, options)
    expect(theirs).toMatchObject({ flambeauMs: 2, ratio: null, failure: 'PyTorch: it crashed' })
  })

  it('tells that the cores were shared', async () => {
    const busy = recordedSide(
      answer({
        samples: [
          [1, 1],
          [1, 1],
        ],
      }),
    )
    const outcome = await runWorkload(workload, busy.side, recordedSide(answer()).side, options)
    expect(outcome.contended).toBe(true)
  })
})
