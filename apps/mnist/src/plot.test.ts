import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { lossCurve, lossCurveSvg } from './plot.ts'
import type { LossCurveOptions } from './plot.ts'

type Curves = Omit<LossCurveOptions, 'path'>

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
    testAccuracy: ends.map((x) => ({ x, y: 0.98 - 0.03 * Math.exp(-x) })),
  }
}

/** The texts of a picture, in the order in which they stand there. */
const texts = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1] ?? '')
const count = (svg: string, part: string): number => svg.split(part).length - 1

describe('the picture of a run', () => {
  test('says what it shows, with units, and escapes what it is given', () => {
    const shown = texts(lossCurveSvg(run(5, 0.2)))
    expect(shown.slice(0, 3)).toEqual([
      'MNIST, model &lt;mlp&gt; &amp; more',
      'seed 0',
      'Training loss (cross-entropy)',
    ])
    expect(shown).toContain('Accuracy on the test set (%)')
    expect(shown.at(-6)).toBe('epoch')
  })

  test('has a bar and a labelled dot for each epoch', () => {
    const svg = lossCurveSvg(run(5, 0.2))
    expect(count(svg, '<circle')).toBe(5)
    expect(count(svg, 'stroke-linecap="round"')).toBe(6) // one is the legend's
    expect(texts(svg).slice(-5)).toEqual(['96.90', '97.59', '97.85', '97.95', '97.98'])
  })

  test('labels only the best and the last of many epochs', () => {
    const curves = run(30, 0.1)
    const peak = curves.testAccuracy.map((point) => (point.x === 12 ? { x: 12, y: 0.99 } : point))
    expect(texts(lossCurveSvg({ ...curves, testAccuracy: peak })).slice(-2)).toEqual([
      '99.00',
      '98.00',
    ])
    // A best value beside the last would be written over it.
    const late = curves.testAccuracy.map((point) => (point.x === 29 ? { x: 29, y: 0.99 } : point))
    expect(texts(lossCurveSvg({ ...curves, testAccuracy: late })).slice(-2)).toEqual([
      'epoch',
      '98.00',
    ])
  })

  test('takes a logarithmic scale when the loss falls far, and says so', () => {
    const shown = texts(lossCurveSvg(run(10, 0.5)))
    expect(shown).toContain('Training loss (cross-entropy, logarithmic scale)')
    expect(shown).toEqual(expect.arrayContaining(['1', '0.5', '0.2', '0.1', '0.05', '0.02']))
    const decades = texts(lossCurveSvg(run(10, 1.2)))
    expect(decades).toEqual(expect.arrayContaining(['0.1', '0.01', '0.001']))
    expect(decades).not.toContain('0.5')
  })

  test('writes numbers beside an axis with as many decimals each', () => {
    const shown = texts(lossCurveSvg(run(1, 0.2)))
    expect(shown).toEqual(expect.arrayContaining(['0.0', '0.2', '0.4', '0.6', '0.8', '1.0']))
    expect(shown).toEqual(expect.arrayContaining(['0.0', '0.5', '1.0', '1.5', '2.0']))
  })

  test('never has an accuracy above 100 % on its axis', () => {
    const svg = lossCurveSvg({
      ...run(2, 0.2),
      testAccuracy: [
        { x: 1, y: 0.9 },
        { x: 2, y: 1 },
      ],
    })
    expect(texts(svg).filter((shown) => Number(shown) > 100)).toEqual([])
    expect(texts(svg)).toContain('100.00')
  })

  test('leaves out what is not finite, and stands without anything to draw', () => {
    const diverged = run(3, 0.2)
    diverged.train = diverged.train.map(({ x, y }) => ({ x, y: x > 1 ? NaN : y }))
    diverged.epochLoss = diverged.epochLoss.map(({ x }) => ({ x, y: Infinity }))
    const empty = { ...diverged, train: [], epochLoss: [], testAccuracy: [] }
    for (const svg of [lossCurveSvg(diverged), lossCurveSvg(empty)]) {
      expect(svg).not.toMatch(/NaN|Infinity|undefined/)
    }
  })

  test('stays small however many steps there were', () => {
    const train = Array.from({ length: 200_000 }, (_, i) => ({
      x: i / 1e4,
      y: 1 + Math.sin(i) ** 2,
    }))
    expect(lossCurveSvg({ ...run(20, 0.2), train }).length).toBeLessThan(100_000)
  })

  test('goes to a PNG of two pixels a unit and an SVG beside it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'flambeau-plot-'))
    try {
      lossCurve({ ...run(5, 0.5), path: join(folder, 'loss.png') })
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
