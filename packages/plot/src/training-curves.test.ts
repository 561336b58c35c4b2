import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { trainingCurves } from './training-curves.ts'
import type { TrainingCurvesOptions } from './training-curves.ts'
import type { Point } from './series.ts'

type Curves = TrainingCurvesOptions & { train: Point[]; epochLoss: Point[]; metrics: Metric[] }
interface Metric {
  name: string
  points: Point[]
}

const svgOf = (options: TrainingCurvesOptions): string => trainingCurves(options).svg
const accuracy = (points: Point[]): Metric[] => [{ name: 'Accuracy on the test set', points }]

/** A run of `epochs` epochs of 100 steps; the loss falls from 2 by `rate` an epoch. */
function run(epochs: number, rate: number): Curves {
  const loss = (x: number): number => 2 * Math.exp(-rate * x)
  const ends = Array.from({ length: epochs }, (_, i) => i + 1)
  return {
    title: 'MNIST, model <mlp> & more',
    subtitle: 'seed 0',
    lossName: 'cross-entropy',
    train: Array.from({ length: epochs * 100 }, (_, i) => ({ x: i / 100, y: loss(i / 100) })),
    epochLoss: ends.map((x) => ({ x, y: loss(x - 0.5) })),
    metrics: accuracy(ends.map((x) => ({ x, y: 0.98 - 0.03 * Math.exp(-x) }))),
  }
}

/** The texts of a picture, in the order in which they stand there. */
const texts = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1] ?? '')
const count = (svg: string, part: string): number => svg.split(part).length - 1

describe('the picture of a run', () => {
  test('says what it shows, with units, and escapes what it is given', () => {
    const shown = texts(svgOf(run(5, 0.2)))
    expect(shown.slice(0, 3)).toEqual([
      'MNIST, model &lt;mlp&gt; &amp; more',
      'seed 0',
      'Training loss (cross-entropy)',
    ])
    expect(shown).toContain('Accuracy on the test set (%)')
    expect(shown.at(-1)).toBe('epoch')
  })

  test('has a bar and a labelled dot for each epoch', () => {
    const svg = svgOf(run(5, 0.2))
    expect(count(svg, '<circle')).toBe(5)
    expect(count(svg, 'stroke-linecap="round"')).toBe(6) // one is the legend's
    expect(texts(svg).slice(-6, -1)).toEqual(['96.90', '97.59', '97.85', '97.95', '97.98'])
  })

  test('labels only the best and the last of many epochs', () => {
    const curves = run(30, 0.1)
    const { points } = curves.metrics[0]!
    const peak = points.map((point) => (point.x === 12 ? { x: 12, y: 0.99 } : point))
    expect(texts(svgOf({ ...curves, metrics: accuracy(peak) })).slice(-3, -1)).toEqual([
      '99.00',
      '98.00',
    ])
    // A best value beside the last would be written over it.
    const late = points.map((point) => (point.x === 29 ? { x: 29, y: 0.99 } : point))
    const shown = texts(svgOf({ ...curves, metrics: accuracy(late) }))
    expect(shown.slice(-2)).toEqual(['98.00', 'epoch'])
    expect(shown).not.toContain('99.00')
  })

  test('takes a logarithmic scale when the loss falls far, and says so', () => {
    const shown = texts(svgOf(run(10, 0.5)))
    expect(shown).toContain('Training loss (cross-entropy, logarithmic scale)')
    expect(shown).toEqual(expect.arrayContaining(['1', '0.5', '0.2', '0.1', '0.05', '0.02']))
    const decades = texts(svgOf(run(10, 1.2)))
    expect(decades).toEqual(expect.arrayContaining(['0.1', '0.01', '0.001']))
    expect(decades).not.toContain('0.5')
  })

  test('writes numbers beside an axis with as many decimals each', () => {
    const shown = texts(svgOf(run(1, 0.2)))
    expect(shown).toEqual(expect.arrayContaining(['0.0', '0.2', '0.4', '0.6', '0.8', '1.0']))
    expect(shown).toEqual(expect.arrayContaining(['0.0', '0.5', '1.0', '1.5', '2.0']))
  })

  test('never has an accuracy above 100 % on its axis', () => {
    const svg = svgOf({
      ...run(2, 0.2),
      metrics: accuracy([
        { x: 1, y: 0.9 },
        { x: 2, y: 1 },
      ]),
    })
    expect(texts(svg).filter((shown) => Number(shown) > 100)).toEqual([])
    expect(texts(svg)).toContain('100.00')
  })

  test('leaves out what is not finite, and stands without anything to draw', () => {
    const diverged = run(3, 0.2)
    const train = diverged.train.map(({ x, y }) => ({ x, y: x > 1 ? NaN : y }))
    const epochLoss = diverged.epochLoss.map(({ x }) => ({ x, y: Infinity }))
    const empty = { ...diverged, train: [], epochLoss: [], metrics: accuracy([]) }
    for (const svg of [svgOf({ ...diverged, train, epochLoss }), svgOf(empty)]) {
      expect(svg).not.toMatch(/NaN|Infinity|undefined/)
    }
  })

  test('stays small however many steps there were', () => {
    const train = Array.from({ length: 200_000 }, (_, i) => ({
      x: i / 1e4,
      y: 1 + Math.sin(i) ** 2,
    }))
    expect(svgOf({ ...run(20, 0.2), train }).length).toBeLessThan(100_000)
  })

  test('goes to a PNG of two pixels a unit, and to an SVG', () => {
    const folder = mkdtempSync(join(tmpdir(), 'flambeau-plot-'))
    try {
      trainingCurves(run(5, 0.5)).save(join(folder, 'loss.png')).save(join(folder, 'loss.svg'))
      expect(readdirSync(folder).toSorted()).toEqual(['loss.png', 'loss.svg'])
      const svg = readFileSync(join(folder, 'loss.svg'), 'utf8')
      expect(svg).toMatch(/^<svg xmlns="[^"]*" xmlns:xlink="[^"]*" width="964" height="690"/)
      const { width, height, data, channels } = decode(readFileSync(join(folder, 'loss.png')))
      expect([width, height, channels]).toEqual([2 * 964, 2 * 690, 4])
      // The title is drawn: without its font the corner would be empty.
      let dark = 0
      for (let y = 40; y < 90; y++) {
        for (let x = 128; x < 700; x++) if (data[(y * width + x) * channels]! < 100) dark++
      }
      expect(dark).toBeGreaterThan(1000)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
