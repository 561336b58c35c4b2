import { eye, rand, randn, tensor, ValueError, zeros } from '@flambeau/core'
import { decode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { confusionMatrix, heatmap, histogram, linePlot, overlay, scatter } from './index.ts'

const texts = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1] ?? '')
const count = (svg: string, part: string): number => svg.split(part).length - 1

describe('curves', () => {
  test('have their names, axes and titles', () => {
    const figure = linePlot(
      { train: [3, 2, 1], test: tensor([3.5, 3, 2.5]) },
      { title: 'Loss', subtitle: 'Adam', xLabel: 'epoch', yLabel: 'nats' },
    )
    expect(texts(figure.svg)).toEqual(
      expect.arrayContaining(['Loss', 'Adam', 'nats', 'epoch', 'train', 'test', '2.0']),
    )
    expect(decode(figure.png(1)).width).toBe(872)
  })

  test('may be points, faint below their running mean, on a logarithmic scale', () => {
    const points = Array.from({ length: 50 }, (_, i) => [i * 10, 10 ** (-i / 10)] as const)
    const svg = linePlot({ loss: points }, { yScale: 'auto', smooth: 2 }).svg
    expect(texts(svg)).toEqual(expect.arrayContaining(['1', '0.1', '0.01', '400']))
    expect(count(svg, 'stroke-opacity')).toBe(1)
  })

  test('leave out what is not finite, and stand without anything to draw', () => {
    for (const values of [[], [Number.NaN], [1, Infinity, 2], [5]]) {
      const figure = linePlot({ loss: values })
      expect(figure.svg).not.toMatch(/NaN|Infinity|undefined/)
      expect(figure.toText(40)).not.toMatch(/NaN|undefined/)
    }
  })

  test('have a form in characters', () => {
    const text = linePlot({ a: [0, 1, 2, 3], b: [3, 2, 1, 0] }, { title: 'ab' }).toText(30)
    const lines = text.split('\n')
    expect(lines[0]).toBe('ab')
    expect(lines[1]).toMatch(/^ {2}3 │×.*•$/)
    expect(lines[12]).toMatch(/^ {2}0 │•.*×$/)
    expect(lines.at(-1)).toMatch(/^ {5}0 +3 {3}• a {2}× b$/)
    for (const line of lines.slice(0, -1)) expect(line.length).toBeLessThanOrEqual(30)
  })
})

describe('scattered points', () => {
  test('are coloured by class, with a line through them', () => {
    const labels = tensor([0, 1, 1, 0])
    const line = { slope: 2, intercept: 1 }
    const svg = scatter(randn([4, 2]), { labels, names: ['cat', 'dog'], line }).svg
    expect(count(svg, '<circle')).toBe(4)
    expect(count(svg, 'fill="#d9730d"')).toBe(2)
    expect(texts(svg)).toEqual(expect.arrayContaining(['cat', 'dog']))
  })

  test('are refused if they are not pairs, or labels are missing', () => {
    expect(() => scatter(randn([4, 3]))).toThrow(/points must be \[N, 2\]/)
    expect(() => scatter([[0, 1]], { labels: [1, 2] })).toThrow(/2 entries for 1 points/)
  })

  test('have a second row of names where one is too short', () => {
    const names = Array.from({ length: 9 }, (_, i) => `optimizer ${i}`)
    const { svg } = linePlot(Object.fromEntries(names.map((name) => [name, [0, 1]])))
    expect(texts(svg)).toEqual(expect.arrayContaining(names))
    expect([count(svg, 'y="-16"'), count(svg, 'y="-34"')]).toEqual([5, 5])
    expect(count(linePlot({ a: [1], b: [2] }).svg, 'y="-34"')).toBe(0)
  })

  test('take the rows of a tensor as points', () => {
    const rows = [
      [0, 1],
      [5, 2],
      [9, 4],
    ] as [number, number][]
    const points = tensor(rows, { dtype: 'float32' })
    expect(linePlot({ curve: points }).svg).toBe(linePlot({ curve: rows }).svg)
    expect(scatter(points, { curves: { fit: points } }).svg).toBe(
      scatter(rows, { curves: { fit: rows } }).svg,
    )
  })

  test('take curves over the points, and a range', () => {
    const points = [
      [0, 0],
      [4, 100],
    ] as const
    const { svg } = scatter(points, {
      curves: { fit: [0, 1, 2], other: [2, 1, 0] },
      yRange: [-2, 2],
    })
    expect(texts(svg)).toEqual(expect.arrayContaining(['0', 'fit', 'other', '−2.0', '2.0']))
    expect(count(svg, 'stroke-width="2.25"')).toBe(2)
    const range = texts(linePlot({ loss: [1, 5000] }, { yRange: [0, 15] }).svg)
    expect(range).toContain('14')
    expect(range).not.toContain('5,000')
  })
})

describe('histograms', () => {
  test('count every number once, the largest in the last bin', () => {
    const text = histogram([0, 0.1, 0.5, 0.9, 1], { bins: 2 }).toText(40)
    expect(text.split('\n').map((line) => line.split(' ').at(-1))).toEqual(['2', '3'])
    const named = histogram({ w: rand([100]), b: rand([10]) }, { bins: 10 }).svg
    expect(count(named, 'fill-opacity="0.55"')).toBe(20)
    expect(histogram([]).svg).not.toMatch(/NaN/)
    expect(histogram(zeros([5])).toText()).toMatch(/ 5$/m)
    expect(() => histogram([1], { bins: 0 })).toThrow(ValueError)
  })
})

describe('matrices', () => {
  test('show their numbers, whole ones without digits', () => {
    expect(texts(heatmap(eye(2)).svg).filter((one) => one === '1')).toHaveLength(4)
    expect(texts(heatmap([[0.25, 1]]).svg)).toContain('0.25')
    expect(texts(heatmap(rand([30, 30])).svg).some((one) => one.includes('.'))).toBe(false)
    expect(
      heatmap([
        [0, 1],
        [1, 0],
      ]).toText(),
    ).toBe('0    @@\n1  @@')
    expect(() => heatmap(rand([3]))).toThrow(/\[rows, columns\]/)
    expect(() => heatmap([[1], [1, 2]])).toThrow(/rows of one length/)
    expect(() => heatmap([])).toThrow(ValueError)
  })

  test('of confusion say the share of right answers', () => {
    const shown = texts(
      confusionMatrix(
        [
          [8, 2],
          [0, 10],
        ],
        { rowNames: ['cat', 'dog'] },
      ).svg,
    )
    expect(shown).toContain('90.00 % of 20 right')
    expect(shown.filter((one) => one === 'cat')).toHaveLength(2)
    expect(() => confusionMatrix(rand([2, 3]))).toThrow(/the same classes/)
  })
})

describe('overlays', () => {
  const image = zeros([3, 10, 20])

  test('cover what the mask covers', () => {
    const mask = zeros([10, 20], { dtype: 'int64' })
    mask.at('2:4', '5:15').fill_(1)
    const { data, width, channels } = decode(overlay(image, { mask, scale: 4, opacity: 1 }).png(1))
    const pixel = (x: number, y: number): number => data[(y * width + x) * channels + 1] as number
    expect(pixel(4 * 10, 4 * 3)).toBeGreaterThan(100)
    expect(pixel(4 * 10, 4 * 4 + 1)).toBe(0)
    expect(pixel(4 * 4, 4 * 3)).toBe(0)
  })

  test('frame boxes with captions in the colour of their class', () => {
    const boxes = tensor([
      [1, 1, 5, 5],
      [6, 2, 12, 9],
    ])
    const svg = overlay(image, { boxes, captions: ['a', 'b'], labels: [0, 1] }).svg
    expect(texts(svg)).toEqual(['a', 'b'])
    expect(count(svg, 'stroke="#d9730d"')).toBe(1)
    expect(overlay(image, { boxes: zeros([0, 4]) }).svg).not.toContain('stroke')
  })

  test('are refused if sizes do not fit', () => {
    expect(() => overlay(image, { mask: zeros([20, 10]) })).toThrow(/the mask must be \[H, W\]/)
    expect(() => overlay(image, { boxes: zeros([4]) })).toThrow(/\[N, 4\]/)
    expect(() => overlay(image, { boxes: zeros([1, 4]), captions: [] })).toThrow(/0 entries for 1/)
    expect(() => overlay(zeros([2, 3, 4, 4]))).toThrow(/one image/)
  })
})

describe('ranges', () => {
  test('are finite: an axis without end has ticks without end', () => {
    const options = { yScale: 'log', yRange: [1, Number.POSITIVE_INFINITY] } as const
    expect(() => linePlot({ loss: [1, 2] }, options)).toThrow(/yRange must be two finite numbers/)
    expect(() => histogram([1, 2], { bins: 2 ** 31 })).toThrow(/bins must be a whole number from 1/)
    expect(() => linePlot({ loss: [1, 2] }).png(1e9)).toThrow(/scale must be a number above 0/)
  })
})
