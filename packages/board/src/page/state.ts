/** What the user has chosen; kept in the browser. */

export type XAxis = 'step' | 'relative' | 'wall'
export type Theme = 'auto' | 'light' | 'dark'

/** What the user has chosen. */
export interface Settings {
  /** 0 is none. */
  smoothing: number
  xAxis: XAxis
  logY: boolean
  theme: Theme
  /** Runs that are not shown. */
  hidden: string[]
}

const KEY = 'flambeau-board'
const initial: Settings = { smoothing: 0, xAxis: 'step', logY: false, theme: 'auto', hidden: [] }

function stored(): Partial<Settings> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Settings>
  } catch {
    return {} // what another version left there
  }
}

/** The settings of this browser. */
export const settings: Settings = { ...initial, ...stored() }

/** Keeps the settings for the next time. */
export function keepSettings(): void {
  localStorage.setItem(KEY, JSON.stringify(settings))
}

const light = [
  '#2563c9',
  '#d9730d',
  '#1a7f4b',
  '#8b3fc4',
  '#d1242f',
  '#0e8a9c',
  '#8a5a2b',
  '#d0418f',
]
const dark = [
  '#6ea8fe',
  '#ff9f43',
  '#51cf8a',
  '#c792ea',
  '#ff6b6b',
  '#4dd0e1',
  '#d4a373',
  '#f783ac',
]

/** Is the page dark now? */
export function isDark(): boolean {
  if (settings.theme !== 'auto') return settings.theme === 'dark'
  return matchMedia('(prefers-color-scheme: dark)').matches
}

/** The colour of the `i`-th run. */
export function colorOf(i: number): string {
  const colors = isDark() ? dark : light
  return colors[i % colors.length] as string
}
