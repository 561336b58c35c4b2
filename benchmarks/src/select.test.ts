import { describe, expect, it } from 'vitest'
import { select } from './select.ts'

const named = (name: string) => ({ name })
const workloads = ['mlp_mnist', 'mlp_mnist_mse', 'op_add4', 'op_add4_grad', 'op_add_16m'].map(named)

const chosen = (...patterns: string[]) => select(workloads, patterns).map(({ name }) => name)

describe('select', () => {
  it('takes all without patterns', () => {
    expect(chosen()).toHaveLength(workloads.length)
  })

  it('takes a name for that workload alone', () => {
    expect(chosen('mlp_mnist')).toEqual(['mlp_mnist'])
  })

  it('keeps the order of the suite, each workload once', () => {
    expect(chosen('op_add_16m', 'op_add*', 'mlp_mnist')).toEqual([
      'mlp_mnist',
      'op_add4',
      'op_add4_grad',
      'op_add_16m',
    ])
  })

  it('reads ? as one character, and a dot as a dot', () => {
    expect(chosen('op_add?')).toEqual(['op_add4'])
    expect(() => chosen('op.add4')).toThrow('no workload is called op.add4')
  })

  it('tells what does not exist', () => {
    expect(() => chosen('op_sort_2m')).toThrow('no workload is called op_sort_2m; --list shows all')
  })
})
