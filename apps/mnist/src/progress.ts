/** Where progress goes: `process.stderr`, or anything with its few members. */
export interface ProgressStream {
  write(text: string): unknown
  isTTY?: boolean
  columns?: number
  hasColors?(): boolean
}

export interface ProgressOptions {
  /** What runs, first on every line: `epoch 3/10`. */
  label: string
  /** Images in the whole of it. */
  total: number
  stream: ProgressStream
  /** A clock in milliseconds: `performance.now`. */
  now: () => number
}

export interface ProgressUpdate {
  /** Images so far. */
  done: number
  /** Mean loss so far. */
  loss: number
  /** Fraction of the images so far that the network got right, 0 to 1. */
  accuracy: number
  imagesPerSecond: number
}

export interface ProgressSummary {
  loss: number
  /** Fractions, 0 to 1. */
  accuracy: number
  testAccuracy: number
  imagesPerSecond: number
  seconds: number
}

/** Shows how far one epoch is. */
export interface Progress {
  /** Call it after every batch: it draws when there is something to see. */
  update(update: ProgressUpdate): void
  /** Closes the line with the epoch's results. Call it once, last. */
  finish(summary: ProgressSummary): void
}

const redrawMs = 60
const clearLine = '\r\u001B[2K'

/**
 * Live progress of one epoch. On a terminal it is one line that redraws itself, as wide as the
 * terminal, dropping what does not fit. Elsewhere (a file, a pipe, CI) it is a plain line of text at
 * every tenth of the way, without control characters.
 */
export function createProgress(options: ProgressOptions): Progress {
  return options.stream.isTTY === true ? liveProgress(options) : plainProgress(options)
}

function liveProgress({ label, total, stream, now }: ProgressOptions): Progress {
  const start = now()
  let drawnAt = -Infinity
  return {
    update(update) {
      const time = now()
      if (time - drawnAt < redrawMs && update.done < total) return
      drawnAt = time
      // The last column stays free: a full line would wrap in some terminals.
      const columns = Math.max((stream.columns ?? 80) - 1, 1)
      const colors = stream.hasColors?.() ?? false
      const left = secondsLeft(update.done, total, time - start)
      stream.write(clearLine + liveLine(label, total, update, left, columns, colors))
    },
    finish(summary) {
      stream.write(`${clearLine}${summaryLine(label, summary)}\n`)
    },
  }
}

function plainProgress({ label, total, stream, now }: ProgressOptions): Progress {
  const start = now()
  let tenths = 0
  return {
    update(update) {
      const reached = Math.floor((update.done / total) * 10)
      if (reached <= tenths || update.done >= total) return // the end is the summary's
      tenths = reached
      const left = secondsLeft(update.done, total, now() - start)
      const parts = [
        label,
        percent(update.done, total),
        ...figures(update),
        `${duration(left)} left`,
      ]
      stream.write(`${parts.join('  ')}\n`)
    },
    finish(summary) {
      stream.write(`${summaryLine(label, summary)}\n`)
    },
  }
}

const minBar = 8
const maxBar = 40

/** The live line: label, bar, per cent, and as many of the figures as fit beside a short bar. */
function liveLine(
  label: string,
  total: number,
  update: ProgressUpdate,
  left: number,
  columns: number,
  colors: boolean,
): string {
  const head = `${label} `
  const [loss, accuracy, speed] = figures(update)
  const remaining = `${duration(left)} left`.padStart(10)
  const candidates = [
    [loss, accuracy, speed, remaining],
    [loss, accuracy, remaining],
    [loss, remaining],
    [loss],
    [],
  ]
  for (const figuresShown of candidates) {
    const tail = [` ${percent(update.done, total)}`, ...figuresShown].join('  ')
    const room = columns - head.length - tail.length
    if (room < minBar) continue
    return head + bar(update.done / total, Math.min(room, maxBar), colors) + tail
  }
  return `${head}${percent(update.done, total)}`.slice(0, columns)
}

/** A bar of `width` columns, drawn to half a column. */
function bar(fraction: number, width: number, colors: boolean): string {
  const halves = Math.round(Math.min(Math.max(fraction, 0), 1) * width * 2)
  const filled = '━'.repeat(halves >> 1) + (halves % 2 === 1 ? '╸' : '')
  const rest = width - filled.length
  if (!colors) return filled + '─'.repeat(rest)
  return `\u001B[36m${filled}\u001B[39m\u001B[2m${'─'.repeat(rest)}\u001B[22m`
}

/** Padded, so that the line does not jump while the numbers change. */
function figures({ loss, accuracy, imagesPerSecond }: ProgressUpdate): [string, string, string] {
  return [
    `loss ${formatLoss(loss)}`,
    `accuracy ${(accuracy * 100).toFixed(2).padStart(6)} %`,
    `${formatCount(imagesPerSecond).padStart(7)} images/s`,
  ]
}

function summaryLine(label: string, summary: ProgressSummary): string {
  const { loss, accuracy, testAccuracy, imagesPerSecond, seconds } = summary
  return [
    label,
    `loss ${formatLoss(loss)}`,
    `accuracy ${(accuracy * 100).toFixed(2).padStart(6)} %`,
    `test ${(testAccuracy * 100).toFixed(2).padStart(6)} %`,
    `${formatCount(imagesPerSecond).padStart(7)} images/s`,
    `${seconds.toFixed(1)} s`,
  ].join('  ')
}

function secondsLeft(done: number, total: number, elapsedMs: number): number {
  return done > 0 ? (elapsedMs / 1000) * (Math.max(total - done, 0) / done) : Infinity
}

function percent(done: number, total: number): string {
  return `${Math.floor((done / total) * 100)} %`.padStart(5)
}

function formatLoss(loss: number): string {
  return Math.abs(loss) >= 1000 ? loss.toExponential(2) : loss.toFixed(4)
}

function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US')
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
