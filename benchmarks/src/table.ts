/** The results as text. */
import type { Outcome } from './runner.ts'

const columns = [
  { title: 'workload', width: -36 },
  { title: 'flambeau', width: 10 },
  { title: 'PyTorch', width: 10 },
  { title: 'ratio', width: 7 },
  { title: 'peak MB', width: 9 },
  { title: 'PyTorch', width: 9 },
  { title: 'GFLOP/s', width: 8 },
  { title: 'floor', width: 6 },
] as const

/** A negative width aligns to the left. */
function cell(text: string, width: number): string {
  return width < 0 ? text.padEnd(-width) : text.padStart(width)
}

function line(cells: readonly string[], note = ''): string {
  const text = cells.map((part, i) => cell(part, columns[i]?.width ?? 0)).join(' ')
  return `${text}  ${note}`.trimEnd()
}

/** Three digits and a unit: 0.183 µs, 5.42 ms, 1.24 s. */
export function formatTime(ms: number | null): string {
  if (ms === null) return '-'
  const [value, unit] = ms < 1 ? [ms * 1e3, 'µs'] : ms < 1e3 ? [ms, 'ms'] : [ms / 1e3, 's']
  const digits = value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0
  return `${value.toFixed(digits)} ${unit}`
}

function formatMb(mb: number | null): string {
  return mb === null ? '-' : mb.toFixed(0)
}

function formatSpeed(gflops: number | null): string {
  return gflops === null ? '-' : gflops < 10 ? gflops.toFixed(1) : gflops.toFixed(0)
}

function formatShare(share: number | null): string {
  return share === null ? '-' : `${(share * 100).toFixed(0)} %`
}

function formatRatio({ ratio, failure }: Outcome): string {
  if (failure !== null) return 'FAILED'
  return ratio === null ? '-' : ratio.toFixed(2)
}

export const header: string = line(columns.map(({ title }) => title))

function notes({ contended, variant, flambeauPeakRssMb, pytorchPeakRssMb }: Outcome): string {
  const more =
    flambeauPeakRssMb !== null && pytorchPeakRssMb !== null && flambeauPeakRssMb > pytorchPeakRssMb
  return [
    ...(variant === 'tuned' || variant === 'keep-heap' ? [`(${variant})`] : []),
    ...(more ? ["(more memory than PyTorch's)"] : []),
    ...(contended ? ['(the cores were shared)'] : []),
  ].join(' ')
}

/** One row; failures, contention and more memory than PyTorch are told at its end. */
export function row(outcome: Outcome): string {
  const note = outcome.failure ?? notes(outcome)
  return line(
    [
      outcome.name,
      formatTime(outcome.flambeauMs),
      formatTime(outcome.pytorchMs),
      formatRatio(outcome),
      formatMb(outcome.flambeauPeakRssMb),
      formatMb(outcome.pytorchPeakRssMb),
      formatSpeed(outcome.gflops),
      formatShare(outcome.shareOfFloor),
    ],
    note,
  )
}

/** The geometric mean of the ratios, and how many rows are slower, unreliable or failed. */
export function footer(outcomes: readonly Outcome[]): string {
  const ratios = outcomes.flatMap(({ ratio }) => (ratio === null ? [] : [ratio]))
  const failed = outcomes.filter(({ failure }) => failure !== null).length
  const shared = outcomes.filter(({ contended }) => contended).length
  const troubles = [
    ...(shared > 0 ? [`${shared} with shared cores`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ]
  if (ratios.length === 0) return troubles.join('; ')
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)
  const slower = ratios.filter((ratio) => ratio > 1).length
  return [
    'ratio = flambeau / PyTorch: below 1, flambeau is faster',
    `geometric mean ${mean.toFixed(2)} of ${ratios.length}, ${slower} above 1`,
    ...troubles,
  ].join('; ')
}
