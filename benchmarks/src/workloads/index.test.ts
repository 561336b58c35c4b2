import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { answer } from '../answer.ts'
import type { Request } from '../protocol.ts'
import { workloads } from './index.ts'

const python = readFileSync(new URL('../../pytorch/workloads.py', import.meta.url), 'utf8')

function request(name: string, firstSteps: number): Request {
  return {
    name,
    threads: 1,
    seed: 0,
    firstSteps,
    samples: 3,
    seconds: 0,
    maxWait: 1,
    digest: true,
    dropout: true,
    variant: 'eager',
    device: 'cpu',
    precision: 'float32',
    graph: false,
  }
}

describe('workloads', () => {
  it('have names of their own', () => {
    const names = workloads.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })

  it('exist in PyTorch too', () => {
    // The backward passes of convolutions are named after the forward ones there.
    const stems = workloads.map(({ name }) =>
      name.startsWith('op_conv_') ? name.replace(/_bwd$/, '') : name,
    )
    expect(stems.filter((stem) => !python.includes(`"${stem}"`))).toEqual([])
  })

  it('learn', () => {
    const { losses } = answer(request('mlp_mnist_mse', 40))
    expect(losses).toHaveLength(40)
    // What PyTorch gives for the same seed.
    expect(losses[0]).toBeCloseTo(0.116_683_76, 6)
    expect(losses[39]).toBeCloseTo(0.090_627_09, 6)
  })

  it('digest their result after the seed was set again', () => {
    const [first] = answer(request('op_randperm_60000', 0)).digests
    const [second] = answer(request('op_randperm_60000', 0)).digests
    expect(first).toBeGreaterThan(0)
    expect(second).toBe(first)
  })
})
