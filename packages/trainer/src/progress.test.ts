import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createProgress, formatLoss, formatPercent } from './progress.ts'
import type { Progress } from './progress.ts'

const figures = ['loss 0.1234', 'accuracy  96.12 %']

interface Screen {
  progress: Progress
  writes: string[]
  clock: { ms: number }
}

function screen(terminal: {
  isTTY?: boolean
  columns?: number
  hasColors?: () => boolean
}): Screen {
  const writes: string[] = []
  const clock = { ms: 5000 }
  const stream = { ...terminal, write: (text: string) => writes.push(text) }
  const progress = createProgress({
    label: 'epoch  2/10',
    total: 60_000,
    unit: 'images',
    stream,
    now: () => clock.ms,
  })
  return { progress, writes, clock }
}

/** The line a terminal shows after `update` came two seconds into the epoch. */
function lineAt(columns: number, done = 30_000): string {
  const { progress, writes, clock } = screen({ isTTY: true, columns })
  clock.ms += 2000
  progress.update(done, figures)
  expect(writes).toHaveLength(1)
  expect(writes[0]?.startsWith('\r\u001B[2K')).toBe(true)
  return stripVTControlCharacters(writes[0] ?? '').replace('\r', '')
}

describe('on a terminal', () => {
  test('one line has the bar, the figures and the time left', () => {
    expect(lineAt(130)).toBe(
      `epoch  2/10 ${'━'.repeat(20)}${'─'.repeat(20)}  50 %  loss 0.1234  accuracy  96.12 %` +
        '   15,000 images/s    2 s left',
    )
  })

  test('the line fits any width, and drops the speed first', () => {
    for (let columns = 1; columns <= 200; columns++) {
      expect(lineAt(columns).length).toBeLessThan(Math.max(columns, 2))
    }
    expect(lineAt(80)).toMatch(
      /^epoch  2\/10 ━+╸?─+  50 %  loss 0\.1234  accuracy  96\.12 %    2 s left$/,
    )
    expect(lineAt(60)).toMatch(/^epoch  2\/10 ━+╸?─+  50 %  loss 0\.1234    2 s left$/)
    expect(lineAt(40)).toMatch(/^epoch  2\/10 ━+╸?─+  50 %  loss 0\.1234$/)
    expect(lineAt(30)).toMatch(/^epoch  2\/10 ━+╸?─+  50 %$/)
    expect(lineAt(20)).toBe('epoch  2/10  50 %')
  })

  test('the bar is empty at the start, full at the end, and exact to half a column', () => {
    expect(lineAt(130, 0)).toContain(` ${'─'.repeat(40)}   0 %`)
    expect(lineAt(130, 60_000)).toContain(` ${'━'.repeat(40)} 100 %`)
    expect(lineAt(130, 750)).toContain(` ╸${'─'.repeat(39)}   1 %`)
  })

  test('the time left follows from the time taken, in seconds, minutes or hours', () => {
    expect(lineAt(130, 600)).toMatch(/ 3:18 left$/)
    expect(lineAt(130, 20)).toMatch(/ 1:39:58 left$/)
    expect(lineAt(130, 59_999)).toMatch(/ 1 s left$/)
    expect(lineAt(130, 60_000)).toMatch(/ 0 s left$/)
    expect(lineAt(130, 0)).toMatch(/ \? left$/)
  })

  test('numbers are readable, diverged losses too', () => {
    expect([0.1234, 123_456_789, Number.NaN, Infinity].map(formatLoss)).toEqual([
      '0.1234',
      '1.23e+8',
      'NaN',
      'Infinity',
    ])
    expect(formatPercent(0.9612)).toBe(' 96.12 %')
  })

  test('colours appear only where the terminal has them, and take no columns', () => {
    const { progress, writes } = screen({ isTTY: true, columns: 120, hasColors: () => true })
    progress.update(30_000, figures)
    expect(writes[0]).toContain('\u001B[36m━')
    const plain = screen({ isTTY: true, columns: 120 })
    plain.progress.update(30_000, figures)
    expect(plain.writes[0]?.replace('\r\u001B[2K', '')).not.toContain('\u001B')
    expect(stripVTControlCharacters(writes[0] ?? '')).toBe(
      stripVTControlCharacters(plain.writes[0] ?? ''),
    )
  })

  test('it redraws at most every 60 ms, and always at the end', () => {
    const { progress, writes, clock } = screen({ isTTY: true, columns: 120 })
    for (let done = 0; done < 60_000; done += 100) {
      progress.update(done, figures)
      clock.ms += 1
    }
    expect(writes).toHaveLength(10)
    progress.update(60_000, figures)
    expect(writes).toHaveLength(11)
  })

  test('the results take the place of the bar', () => {
    const { progress, writes, clock } = screen({ isTTY: true, columns: 120 })
    progress.update(60_000, figures)
    clock.ms += 2000
    progress.finish(['loss 0.0500', 'test  98.00 %'])
    expect(writes[1]).toBe(
      '\r\u001B[2Kepoch  2/10  loss 0.0500  test  98.00 %   30,000 images/s  2.0 s\n',
    )
  })
})

describe('without a terminal', () => {
  test('a plain line comes at every tenth of the way, and the results last', () => {
    const { progress, writes, clock } = screen({})
    for (let done = 100; done <= 60_000; done += 100) {
      clock.ms += 10
      progress.update(done, figures)
    }
    progress.finish(['loss 0.0500', 'test  98.00 %'])
    expect(writes).toHaveLength(10)
    expect(writes[4]).toBe(
      'epoch  2/10   50 %  loss 0.1234  accuracy  96.12 %   10,000 images/s  3 s left\n',
    )
    expect(writes[9]).toBe('epoch  2/10  loss 0.0500  test  98.00 %   10,000 images/s  6.0 s\n')
    expect(writes.join('')).toMatch(/^[\n -~]+$/)
  })

  test('few large batches give a line each', () => {
    const { progress, writes } = screen({ isTTY: false })
    for (const done of [20_000, 40_000, 60_000]) progress.update(done, figures)
    expect(writes.map((line) => line.slice(11, 18))).toEqual(['   33 %', '   66 %'])
  })
})
