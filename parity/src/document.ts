/** What is shown and kept of a report: the summary, docs/torch-parity.md, and the baseline. */
import type { Check, NameReport } from './report.ts'

/** Names that passed, by check and namespace. */
export type Baseline = Record<string, Record<string, string[]>>

const CHECKS = ['exists', 'goldens', 'tested', 'gradcheck', 'gradgradcheck'] as const
type CheckName = (typeof CHECKS)[number]

function passes(entry: NameReport, check: CheckName): boolean {
  switch (check) {
    case 'exists':
      return entry.exists
    case 'goldens':
      return entry.exists && (entry.values?.done ?? entry.samples > 0)
    case 'tested':
      return passes(entry, 'goldens') || (entry.exists && entry.test !== null)
    default:
      return entry[check]?.done === true
  }
}

/** Is there something to check? Gradients only where PyTorch has some. */
function applies(entry: NameReport, check: CheckName): boolean {
  if (check === 'gradcheck' || check === 'gradgradcheck') return entry[check] !== null
  return true
}

function byNamespace(reports: readonly NameReport[]): Map<string, NameReport[]> {
  const out = new Map<string, NameReport[]>()
  for (const entry of reports) {
    const list = out.get(entry.namespace) ?? []
    list.push(entry)
    out.set(entry.namespace, list)
  }
  return out
}

const inScope = (namespace: string): boolean =>
  ['Tensor', 'torch', 'linalg', 'special', 'autograd'].includes(namespace)

/** A table: per namespace, how many of the names pass each check. */
export function summaryOf(
  reports: readonly NameReport[],
  reasons: Readonly<Record<string, string>>,
): string {
  const rows = [
    ['namespace', 'names', 'exist', 'left out', 'goldens', 'tested', 'gradcheck', 'gradgradcheck'],
  ]
  for (const [namespace, entries] of byNamespace(reports)) {
    if (!inScope(namespace)) continue
    const count = (check: CheckName): string => {
      const all = entries.filter((e) => applies(e, check))
      return `${all.filter((e) => passes(e, check)).length}/${all.length}`
    }
    const left = entries.filter(
      (e) => !e.exists && reasons[`${namespace}.${e.torch}`] !== undefined,
    )
    rows.push([
      namespace,
      String(entries.length),
      String(entries.filter((e) => e.exists).length),
      String(left.length),
      count('goldens'),
      count('tested'),
      count('gradcheck'),
      count('gradgradcheck'),
    ])
  }
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? []
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  '),
    )
    .join('\n')
}

/** The names that pass now. */
export function baselineOf(reports: readonly NameReport[]): Baseline {
  const out: Baseline = {}
  for (const check of CHECKS) {
    const names: Record<string, string[]> = {}
    for (const [namespace, entries] of byNamespace(reports)) {
      const passing = entries.filter((e) => passes(e, check)).map((e) => e.torch)
      if (passing.length > 0) names[namespace] = passing
    }
    out[check] = names
  }
  return out
}

/** Names of the baseline that no longer pass. */
export function lost(baseline: Baseline, reports: readonly NameReport[]): string[] {
  const entries = new Map(reports.map((e) => [`${e.namespace}.${e.torch}`, e]))
  const out: string[] = []
  for (const check of CHECKS) {
    for (const [namespace, names] of Object.entries(baseline[check] ?? {})) {
      for (const name of names) {
        const entry = entries.get(`${namespace}.${name}`)
        if (entry === undefined || !passes(entry, check))
          out.push(`${namespace}.${name} (${check})`)
      }
    }
  }
  return out
}

function mark(check: Check): string {
  return check === null ? '–' : check.done ? 'yes' : 'no'
}

const ORDER = [
  'float64',
  'float32',
  'float16',
  'bfloat16',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint8',
  'bool',
]
const SHORT: Record<string, string> = {
  float64: 'f64',
  float32: 'f32',
  float16: 'f16',
  bfloat16: 'bf16',
  int64: 'i64',
  int32: 'i32',
  int16: 'i16',
  int8: 'i8',
  uint8: 'u8',
  bool: 'bool',
}

/** docs/torch-parity.md. */
export function documentOf(
  reports: readonly NameReport[],
  reasons: Readonly<Record<string, string>>,
): string {
  const lines = [
    '# PyTorch parity',
    '',
    'Every public name of PyTorch 2.13 in scope and what stands for it here. Written by',
    '`pnpm parity --write` from the code and from cases of PyTorch’s operator database',
    '(`parity/goldens`); do not edit.',
    '',
    'Columns: *dtypes* in which values were compared with PyTorch’s; *tested*: the number of',
    'compared calls, `own` where the comparison is in the package’s tests; *gradient* and *second*:',
    'first and second derivatives agree with finite differences (– where there are none). All of it',
    'runs on the CPU.',
    '',
    '```',
    summaryOf(reports, reasons),
    '```',
    '',
  ]
  for (const [namespace, entries] of byNamespace(reports)) {
    if (!inScope(namespace)) continue
    lines.push(`## ${namespace}`, '')
    lines.push('| PyTorch | flambeau | dtypes | tested | gradient | second |')
    lines.push('| --- | --- | --- | --- | --- | --- |')
    for (const entry of entries) {
      const reason = reasons[`${namespace}.${entry.torch}`]
      if (!entry.exists) {
        lines.push(`| ${entry.torch} | ${reason ?? 'missing'} | | | | |`)
        continue
      }
      const dtypes = ORDER.filter((d) => entry.dtypes.has(d)).map((d) => SHORT[d])
      const own = entry.samples > 0 || entry.test !== null
      const tested = entry.cases > 0 ? String(entry.cases) : own ? 'own' : '–'
      const failed = entry.values !== null && !entry.values.done ? ' (differs)' : ''
      lines.push(
        `| ${entry.torch} | ${entry.name}${reason === undefined ? '' : `: ${reason}`} | ${dtypes.join(' ')} | ${tested}${failed} | ${mark(entry.gradcheck)} | ${mark(entry.gradgradcheck)} |`,
      )
    }
    lines.push('')
  }
  return lines.join('\n')
}
