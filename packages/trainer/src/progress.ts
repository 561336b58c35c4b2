/** Where progress goes: `process.stderr`, or anything with its few members. */
import { requireNumber } from '@flambeau/core/internal'
export interface ProgressStream {
  write(text: string): unknown
  isTTY?: boolean
  columns?: number
  hasColors?(): boolean
}

export interface ProgressOptions {
  /** What runs, first on every line: `epoch 3/10`. */
  label: string
  /** How many items the whole of it has. */
  total: number
  /** What an item is, for the speed: `images`. Default `items`. */
  unit?: string
  /** Default `process.stderr`. */
  stream?: ProgressStream
  /** A clock in milliseconds. Default `performance.now`. */
  now?: () => number
}

/** Shows how far something is. */
export interface Progress {
  /**
   * Call it after every batch: it draws when there is something to see.
   *
   * @param done Items so far.
   * @param figures What to show, the most important first: `loss 0.1234`. Default nothing.
   */
  update(done: number, figures?: readonly string[]): void
  /** Closes the line with the results. Call it once, last. */
  finish(figures?: readonly string[]): void
}

type Settings = Required<ProgressOptions>

const redrawMs = 60
const clearLine = '\r\u001B[2K'

/**
 * Live progress of a loop. On a terminal it is one line that redraws itself, as wide as the terminal,
 * dropping what does not fit. Elsewhere (a file, a pipe, CI) it is a plain line of text at every
 * tenth of the way, without control characters.
 *
 * @example
 * ```ts
 * import { createProgress } from '@flambeau/trainer'
 * const lines: string[] = []
 * const stream = { write: (text: string) => lines.push(text) }
 * const progress = createProgress({ label: 'epoch 1/1', total: 2, unit: 'images', stream })
 * progress.update(1, ['loss 0.5000'])
 * progress.finish(['loss 0.4000'])
 * console.log(lines[0]?.slice(0, 29)) // => epoch 1/1   50 %  loss 0.5000
 * ```
 */
export function createProgress(options: ProgressOptions): Progress {
  const settings: Settings = {
    unit: 'items',
    stream: process.stderr,
    now: () => performance.now(),
    ...options,
  }
  return settings.stream.isTTY === true ? liveProgress(settings) : plainProgress(settings)
}

function liveProgress({ label, total, unit, stream, now }: Settings): Progress {
  const start = now()
  let drawnAt = -Infinity
  let last = 0
  return {
    update(done, figures = []) {
      last = done
      const time = now()
      if (time - drawnAt < redrawMs && done < total) return
      drawnAt = time
      // The last column stays free: a full line would wrap in some terminals.
      const columns = Math.max((stream.columns ?? 80) - 1, 1)
      const colors = stream.hasColors?.() ?? false
      const elapsed = time - start
      const left = `${duration(secondsLeft(done, total, elapsed))} left`.padStart(10)
      const rest = [speed(done, elapsed, unit), left] as const
      const head = { label, fraction: done / total }
      stream.write(clearLine + liveLine(head, figures, rest, columns, colors))
    },
    finish(figures = []) {
      stream.write(`${clearLine}${summaryLine(label, figures, last, now() - start, unit)}\n`)
    },
  }
}

function plainProgress({ label, total, unit, stream, now }: Settings): Progress {
  const start = now()
  let tenths = 0
  let last = 0
  return {
    update(done, figures = []) {
      last = done
      const reached = Math.floor((done / total) * 10)
      if (reached <= tenths || done >= total) return // the end is the summary's
      tenths = reached
      const elapsed = now() - start
      const left = `${duration(secondsLeft(done, total, elapsed))} left`
      const parts = [label, percent(done / total), ...figures, speed(done, elapsed, unit), left]
      stream.write(`${parts.join('  ')}\n`)
    },
    finish(figures = []) {
      stream.write(`${summaryLine(label, figures, last, now() - start, unit)}\n`)
    },
  }
}

const minBar = 8
const maxBar = 40

/** The live line: label, bar, per cent, and as many of the figures as fit beside a short bar. */
function liveLine(
  { label, fraction }: { label: string; fraction: number },
  figures: readonly string[],
  [rate, left]: readonly [string, string],
  columns: number,
  colors: boolean,
): string {
  const head = `${label} `
  const candidates = [
    [...figures, rate, left],
    ...figures.map((_, i) => [...figures.slice(0, figures.length - i), left]),
    [...figures.slice(0, 1)],
    [],
  ]
  for (const shown of candidates) {
    const tail = [` ${percent(fraction)}`, ...shown].join('  ')
    const room = columns - head.length - tail.length
    if (room < minBar) continue
    return head + bar(fraction, Math.min(room, maxBar), colors) + tail
  }
  return `${head}${percent(fraction)}`.slice(0, columns)
}

/** A bar of `width` columns, drawn to half a column. */
function bar(fraction: number, width: number, colors: boolean): string {
  const halves = Math.round(Math.min(Math.max(fraction, 0), 1) * width * 2)
  const filled = '━'.repeat(halves >> 1) + (halves % 2 === 1 ? '╸' : '')
  const rest = width - filled.length
  if (!colors) return filled + '─'.repeat(rest)
  return `\u001B[36m${filled}\u001B[39m\u001B[2m${'─'.repeat(rest)}\u001B[22m`
}

function summaryLine(
  label: string,
  figures: readonly string[],
  done: number,
  elapsed: number,
  unit: string,
): string {
  const seconds = `${(elapsed / 1000).toFixed(1)} s`
  return [label, ...figures, speed(done, elapsed, unit), seconds].join('  ')
}

/** Padded, so that the line does not jump while the numbers change. */
function speed(done: number, elapsedMs: number, unit: string): string {
  const rate = elapsedMs > 0 ? (done / elapsedMs) * 1000 : 0
  const digits = rate > 0 && rate < 10 ? 2 : 0
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits }
  return `${rate.toLocaleString('en-US', options).padStart(7)} ${unit}/s`
}

/** A number of a loss: four decimals, or an exponent where it became large. */
export function formatLoss(loss: number): string {
  requireNumber('formatLoss', 'loss', loss)
  return Math.abs(loss) >= 1000 ? loss.toExponential(2) : loss.toFixed(4)
}

/** A fraction as per cent, padded so that a line does not jump. */
export function formatPercent(fraction: number): string {
  requireNumber('formatPercent', 'fraction', fraction)
  return `${(fraction * 100).toFixed(2).padStart(6)} %`
}

function secondsLeft(done: number, total: number, elapsedMs: number): number {
  return done > 0 ? (elapsedMs / 1000) * (Math.max(total - done, 0) / done) : Infinity
}

function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)} %`.padStart(5)
}

/** `5 s`, `2:05`, `1:02:05`; `?` when it cannot be told. */
function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?'
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  const two = (value: number): string => String(value).padStart(2, '0')
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`
}
