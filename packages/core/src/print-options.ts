/** Choosing how tensors are printed. */
import type { Arguments } from './arguments.ts'
import { parameters } from './arguments.ts'
import { ValueError } from './errors.ts'
import type { PrintSettings } from './printing.ts'
import { applyPrintSettings, printSettings } from './printing.ts'
import { show } from './show.ts'

export interface PrintOptions {
  /** Digits after the decimal point. Default 4. */
  precision?: number
  /** Number of elements above which the middle of each axis is left out. Default 1000. */
  threshold?: number
  /** Positions shown at each end of an axis that is cut. Default 3. */
  edgeitems?: number
  /** Width of a line in characters. Default 80. */
  linewidth?: number
  /** `'default'`, `'short'` (2 digits, 2 edge items) or `'full'` (no axis is cut). */
  profile?: 'default' | 'short' | 'full' | null
  /** Scientific notation always (true), never (false), or where it reads better (null). */
  sciMode?: boolean | null
}

const defaults: PrintSettings = { ...printSettings() }
const PROFILES: Readonly<Record<string, PrintSettings>> = {
  __proto__: null as never,
  default: defaults,
  short: { ...defaults, precision: 2, edgeitems: 2 },
  full: { ...defaults, threshold: Number.POSITIVE_INFINITY },
}
const readOptions = parameters<
  [number, number, number, number, PrintOptions['profile'], boolean | null]
>('setPrintoptions', ['precision', 'threshold', 'edgeitems', 'linewidth', 'profile', 'sciMode'])

/**
 * Changes how tensors are printed; what is left out stays, but `sciMode` goes back to its default.
 *
 * @throws {ValueError} for another profile, and for numbers that are not at least 0.
 * @see torch.set_printoptions
 */
export function setPrintoptions(
  ...given: Arguments<
    PrintOptions,
    ['precision', 'threshold', 'edgeitems', 'linewidth', 'profile', 'sciMode']
  >
): void {
  const [precision, threshold, edgeitems, linewidth, profile, sciMode = null] = readOptions(given)
  const base = profile === undefined || profile === null ? printSettings() : PROFILES[profile]
  if (base === undefined) {
    throw new ValueError(
      'setPrintoptions',
      [],
      `there is no profile ${show(profile)}`,
      "use 'default', 'short' or 'full'",
    )
  }
  const numbers = { precision, threshold, edgeitems, linewidth }
  for (const [name, value] of Object.entries(numbers)) {
    if (value === undefined || value === null) continue
    if (typeof value === 'number' && value >= 0) continue
    throw new ValueError(
      'setPrintoptions',
      [],
      `${name} must be a number ≥ 0, not ${show(value)}`,
      'setPrintoptions({ precision: 2 })',
    )
  }
  applyPrintSettings({
    precision: Math.min(precision ?? base.precision, 100),
    threshold: threshold ?? base.threshold,
    edgeitems: edgeitems ?? base.edgeitems,
    linewidth: linewidth ?? base.linewidth,
    sciMode,
  })
}
