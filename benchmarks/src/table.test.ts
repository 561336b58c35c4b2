import { describe, expect, it } from 'vitest'
import type { Outcome } from './runner.ts'
import { footer, formatTime, header, row } from './table.ts'

const outcome: Outcome = {
  name: 'mlp_mnist',
  flambeauMs: 2.714,
  pytorchMs: 5.428,
  ratio: 0.5,
  flambeauPeakRssMb: 151.4,
  pytorchPeakRssMb: 302.6,
  gflops: 128.2,
  shareOfFloor: 0.514,
  variant: 'eager',
  contended: false,
  failure: null,
}

const alone: Outcome = { ...outcome, pytorchMs: null, ratio: null, pytorchPeakRssMb: null }

describe('formatTime', () => {
  it.each([
    [0.000_183, '0.183 µs'],
    [0.001_69, '1.69 µs'],
    [0.163, '163 µs'],
    [5.42, '5.42 ms'],
    [31.06, '31.1 ms'],
    [1243, '1.24 s'],
    [null, '-'],
  ])('writes %s ms as %s', (ms, text) => {
    expect(formatTime(ms)).toBe(text)
  })
})

describe('row', () => {
  it('aligns with the header', () => {
    expect(`${header}\n${row(outcome)}`).toBe(
      [
        'workload                               flambeau    PyTorch   ratio   peak MB   PyTorch  GFLOP/s  floor',
        'mlp_mnist                               2.71 ms    5.43 ms    0.50       151       303      128   51 %',
      ].join('\n'),
    )
  })

  it('leaves PyTorch out where there is none', () => {
    expect(row(alone).split(/\s+/)).toEqual([
      'mlp_mnist',
      '2.71',
      'ms',
      '-',
      '-',
      '151',
      '-',
      '128',
      '51',
      '%',
    ])
  })

  it('shows a failure instead of a ratio', () => {
    const text = row({ ...outcome, ratio: null, failure: "loss 3 is 2.3, PyTorch's 2.2" })
    expect(text).toContain(' FAILED ')
    expect(text).toMatch(/loss 3 is 2\.3, PyTorch's 2\.2$/)
  })

  it('says when more memory was used than by PyTorch, and which variant was the fastest', () => {
    const text = row({ ...outcome, flambeauPeakRssMb: 400, variant: 'keep-heap' })
    expect(text).toMatch(/\(keep-heap\) \(more memory than PyTorch's\)$/)
  })

  it('says when the cores were shared', () => {
    expect(row({ ...outcome, contended: true })).toMatch(/ {2}\(the cores were shared\)$/)
  })
})

describe('footer', () => {
  it('gives the geometric mean, and what is slower or failed', () => {
    const slower = { ...outcome, ratio: 2 }
    const failed = { ...outcome, ratio: null, failure: 'it crashed', contended: true }
    expect(footer([outcome, slower, failed])).toBe(
      'ratio = flambeau / PyTorch: below 1, flambeau is faster; ' +
        'geometric mean 1.00 of 2, 1 above 1; 1 with shared cores; 1 failed',
    )
  })

  it('has no mean without PyTorch', () => {
    expect(footer([alone])).toBe('')
    expect(footer([{ ...alone, failure: 'it crashed' }])).toBe('1 failed')
  })
})
