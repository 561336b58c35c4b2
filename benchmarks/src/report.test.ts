import { expect, it } from 'vitest'
import { report } from './report.ts'
import type { Outcome } from './runner.ts'

it('writes each workload under its name', () => {
  const measured: Omit<Outcome, 'name'> = {
    flambeauMs: 2.5,
    pytorchMs: 5,
    ratio: 0.5,
    flambeauPeakRssMb: 150,
    pytorchPeakRssMb: 300,
    gflops: 128,
    shareOfFloor: 0.5,
    variant: 'eager',
    contended: false,
    failure: null,
  }
  const alone = { ...measured, pytorchMs: null, ratio: null, pytorchPeakRssMb: null }
  const outcomes = [
    { name: 'mlp_mnist', ...measured },
    { name: 'op_add4', ...alone },
  ]
  expect(JSON.parse(JSON.stringify(report(outcomes)))).toEqual({
    workloads: { mlp_mnist: measured, op_add4: alone },
  })
})
