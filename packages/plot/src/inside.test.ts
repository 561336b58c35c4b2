import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  arange,
  manualSeed,
  ones,
  rand,
  randn,
  ShapeError,
  tensor,
  ValueError,
  zeros,
} from '@flambeau/core'
import { decode } from 'fast-png'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import {
  animation,
  attentionMaps,
  embeddingScatter,
  featureMaps,
  Figure,
  figureGrid,
  heatmap,
  histogram,
  imageGrid,
  kernels,
  linePlot,
  overlay,
  parameterHistograms,
  renderAnimation,
  scatter,
  trainingCurves,
} from './index.ts'

const count = (svg: string, part: string): number => svg.split(part).length - 1
const texts = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1] ?? '')

describe('an animation', () => {
  test('has every frame with its colours and its time', async () => {
    const frames = zeros([3, 3, 4, 5])
    for (const [i, channel] of [0, 1, 2].entries()) frames.select(0, i).select(0, channel).fill_(1)
    const gif = renderAnimation(frames, { fps: 5, scale: 2 })
    const image = sharp(gif, { animated: true })
    const { pages, pageHeight, width, delay, loop } = await image.metadata()
    expect([pages, width, pageHeight, delay, loop]).toEqual([3, 10, 8, [200, 200, 1200], 0])
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true })
    const pixel = (frame: number): number[] => {
      const at = frame * 8 * 10 * info.channels
      return [...data.subarray(at, at + 3)]
    }
    expect([pixel(0), pixel(1), pixel(2)]).toEqual([
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
    ])
  })

  test('may be of figures, and is shown as often as asked', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flambeau-gif-'))
    const path = join(folder, 'loss.gif')
    const frames = [1, 2].map((n) =>
      linePlot({ loss: [3, 2].slice(0, n) }, { title: `epoch ${n}` }),
    )
    animation(frames, path, { repeat: 3, scale: 0.5 })
    const { pages, width, loop } = await sharp(readFileSync(path), { animated: true }).metadata()
    expect([pages, width, loop]).toEqual([2, 436, 3])
    rmSync(folder, { recursive: true })
  })

  test('is refused without frames, of several sizes, or by another name', () => {
    expect(() => renderAnimation([])).toThrow(/there are no frames/)
    expect(() => renderAnimation([ones([4, 4]), ones([5, 4])])).toThrow(/frame 1 is 4 × 5/)
    expect(() => renderAnimation(ones([2, 1, 4, 4]), { fps: 0 })).toThrow(/fps is 0/)
    expect(() => renderAnimation(ones([1, 4, 4]), { repeat: -1 })).toThrow(ValueError)
    expect(() => animation(ones([1, 4, 4]), 'x.png')).toThrow(/does not end with .gif/)
  })
})

describe('what is inside of a network', () => {
  test('are the feature maps of an activation, from dark to bright', () => {
    const activation = arange(8).reshape(2, 2, 2)
    const figure = featureMaps(activation, { title: 'conv1', tile: 50 })
    expect(count(figure.svg, '<image')).toBe(2)
    expect(featureMaps(activation.unsqueeze(0), { title: 'conv1', tile: 50 }).svg).toBe(figure.svg)
    const [first] = [...figure.svg.matchAll(/base64,([^"]*)/g)]
    const { data } = decode(Buffer.from(first?.[1] ?? '', 'base64'))
    expect([...data.slice(0, 3)]).toEqual([68, 1, 84])
    expect([...data.slice(9)]).toEqual([253, 231, 37])
    expect(count(featureMaps(rand([100, 3, 3])).svg, '<image')).toBe(64)
    expect(texts(featureMaps(rand([100, 3, 3]), { title: 'x' }).svg)).toContain(
      'the first 64 of 100',
    )
    expect(() => featureMaps(rand([2, 3, 4, 4]))).toThrow(ShapeError)
  })

  test('are kernels, white where they are zero', () => {
    const weight = tensor([-1, 0, 2, 0]).reshape(1, 1, 2, 2)
    const [match] = [...kernels(weight).svg.matchAll(/base64,([^"]*)/g)]
    const { data } = decode(Buffer.from(match?.[1] ?? '', 'base64'))
    expect([...data.slice(3, 6)]).toEqual([247, 247, 247])
    expect([...data.slice(6, 9)]).toEqual([166, 22, 38])
    expect(count(kernels(randn([4, 3, 3, 3])).svg, '<image')).toBe(12)
    expect(() => kernels(rand([3, 3]))).toThrow(/\[out, in, H, W\]/)
  })

  test('is attention, a map for each head', () => {
    const weights = rand([1, 3, 5, 5])
    expect(texts(attentionMaps(weights).svg)).toEqual(
      expect.arrayContaining(['head 1', 'head 2', 'head 3']),
    )
    expect(count(attentionMaps(rand([4, 6])).svg, '<image')).toBe(1)
    expect(() => attentionMaps(rand([2, 3, 4, 4]))).toThrow(ShapeError)
  })

  test('are histograms of weights and gradients', () => {
    const grad = ones([2])
    const model = {
      *namedParameters() {
        yield ['a', Object.assign(randn([4]), { grad })] as const
        yield ['b', randn([3])] as const
      },
    }
    expect(texts(parameterHistograms(model).svg)).toEqual(
      expect.arrayContaining(['Weights', 'a', 'b', '4, 4 numbers']),
    )
    const gradients = texts(parameterHistograms(model, { of: 'gradients' }).svg)
    expect(gradients).toContain('a')
    expect(gradients).not.toContain('b')
    const none = { namedParameters: () => [] }
    expect(() => parameterHistograms(none, { of: 'gradients' })).toThrow(/backward\(\)/)
  })

  test('are embeddings, in the plane of their largest spread', () => {
    manualSeed(0)
    const line = arange(20)
      .unsqueeze(1)
      .mul(tensor([[1, 2, 2]]))
      .add(randn([20, 3]).mul(0.01))
    const figure = embeddingScatter(line, { labels: arange(20).remainder(2) })
    expect(texts(figure.svg)).toContain('component 1 (100 % of the variance)')
    expect(count(figure.svg, '<circle')).toBe(20)
    expect(() => embeddingScatter(rand([4]))).toThrow(ShapeError)
  })
})

test('figures are put side by side without mixing their parts', () => {
  const wide = linePlot({ a: [1, 2] })
  const figure = figureGrid([wide, scatter([[0, 1]]), wide], { title: 'All', columns: 2 })
  expect(new Set([...figure.svg.matchAll(/id="([^"]*)"/g)].map((match) => match[1])).size).toBe(3)
  expect(decode(figure.png(1)).width).toBe(1200)
  expect(figure.toText(40).split('\n\n')).toHaveLength(3)
  expect(() => figureGrid([])).toThrow(/no figures/)
})

test('a line is fitted through points by least squares', () => {
  const points = [
    [0, 1],
    [1, 3],
    [2, 5],
  ] as const
  expect(scatter(points, { line: 'fit' }).svg).toBe(
    scatter(points, { line: { slope: 2, intercept: 1 } }).svg,
  )
  expect(scatter([[1, 1]], { line: 'fit' }).svg).not.toMatch(/NaN/)
})

describe('in a terminal', () => {
  const lines = (figure: Figure, columns = 40): string[] => {
    const all = figure.toText(columns).split('\n')
    for (const line of all) expect(line.length).toBeLessThanOrEqual(columns)
    return all
  }

  test('a single curve is a line of dots', () => {
    const text = linePlot({ loss: [0, 1] }).toText(20)
    expect(text).toMatch(/[\u2801-\u28ff]/)
    const [top, ...rest] = text.split('\n')
    expect(top?.trimEnd().at(-1)).toMatch(/[\u2801-\u28ff]/)
    expect(rest.slice(0, 11).every((line) => /[\u2801-\u28ff]/.test(line))).toBe(true)
  })

  test('images are shades, side by side with their captions', () => {
    const images = zeros([2, 1, 4, 4])
    images.select(0, 1).fill_(1)
    const text = lines(imageGrid(images, { captions: ['dark', 'bright'], title: 'Two' }))
    expect(text[0]).toBe('Two')
    expect(text.slice(1, 5).every((line) => line === '          @@@@@@@@')).toBe(true)
    expect(text[5]).toBe('dark      bright')
  })

  test('boxes and masks lie over the picture', () => {
    const mask = zeros([8, 16], { dtype: 'int64' })
    mask.at('4:8', '0:8').fill_(1)
    const boxes = tensor([[8, 0, 16, 4]])
    const text = lines(overlay(ones([3, 8, 16]), { boxes, mask, captions: ['cat'] }))
    expect(text[0]).toMatch(/┌cat─+┐$/)
    expect(text.at(-1)?.startsWith('▒▒▒▒')).toBe(true)
    expect(text.at(-1)?.endsWith('@@')).toBe(true)
  })

  test('everything else has a form as well, no wider than asked', () => {
    lines(heatmap(rand([3, 200])))
    lines(histogram({ a: [1, 2], b: [3] }, { bins: 3 }))
    expect(histogram({ a: [1, 2], b: [3] }, { bins: 3 }).toText()).toMatch(/^a\n.*\nb\n/s)
    const train = [1, 2, 3].map((x) => ({ x, y: 1 / x }))
    const metrics = [{ name: 'Accuracy', points: [0.5, 0.9] }]
    expect(lines(trainingCurves({ title: 'MNIST', train, metrics }))).toContain('Accuracy')
    lines(featureMaps(rand([4, 8, 8])))
    expect(() => new Figure('<svg/>').toText()).toThrow(/no text form/)
  })
})
