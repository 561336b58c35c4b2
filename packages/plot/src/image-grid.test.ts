import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rand, tensor, zeros } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { decode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { imageGrid } from './image-grid.ts'

/** N images, each a filled square of ink in the middle. */
function squares(count: number): Tensor {
  const images = zeros([count, 1, 28, 28], { dtype: 'uint8' })
  images.at(':, :, 8:20, 8:20').fill_(255)
  return images
}

const captions = ['7', '2', '3 → true 5', '0', '9 → true 4']
const marked = [false, false, true, false, true]
const grid = { title: 'MNIST test digits', subtitle: '3 of 5 right', captions, marked, columns: 3 }
const texts = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1] ?? '')

describe('a grid of images', () => {
  test('has its captions in order', () => {
    const svg = imageGrid(squares(5), grid).svg
    expect(texts(svg)).toEqual(['MNIST test digits', '3 of 5 right', ...captions])
  })

  test('is drawn dark on light if asked, with a red frame around the marked ones alone', () => {
    const folder = mkdtempSync(join(tmpdir(), 'flambeau-grid-'))
    try {
      const path = join(folder, 'digits.png')
      imageGrid(squares(5), { ...grid, invert: true }).save(path)
      const { width, height, data, channels } = decode(readFileSync(path))
      expect([width, height]).toEqual([2 * (80 + 360), 2 * (96 + 2 * 106 + 20)])
      const pixel = (x: number, y: number): number[] => {
        const at = (2 * y * width + 2 * x) * channels
        return [...data.subarray(at, at + 3)]
      }
      for (let i = 0; i < 5; i++) {
        const x = 40 + (i % 3) * 86
        const y = 96 + Math.floor(i / 3) * 106
        expect(pixel(x + 35, y + 35)).toEqual([0, 0, 0]) // ink
        expect(pixel(x + 8, y + 8)).toEqual([255, 255, 255]) // paper
        expect(pixel(x, y + 35)).toEqual(marked[i] ? [209, 36, 47] : [230, 233, 239])
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('shows colours, and floats from 0 to 1', () => {
    const red = tensor([1, 0, 0.5]).reshape([3, 1, 1]).expand(3, 8, 8)
    const { width, data, channels } = decode(imageGrid(red).png(1))
    const at = (75 * width + 75) * channels
    expect([...data.subarray(at, at + 3)]).toEqual([255, 0, 128])
    const grey = imageGrid(tensor([[-3, 5]]).expand(2, 2), { range: 'auto', pixelated: true })
    const seen = decode(grey.png(1))
    expect(seen.data[(75 * seen.width + 45) * seen.channels]).toBe(0)
    expect(seen.data[(75 * seen.width + 105) * seen.channels]).toBe(255)
  })

  test('shows single pixels where it is asked to', () => {
    const picture = tensor(
      [
        [0, 255],
        [255, 0],
      ],
      { dtype: 'uint8' },
    )
    const greys = (pixelated: boolean): number =>
      new Set(decode(imageGrid(picture, { pixelated, tile: 200 }).png(1)).data).size
    expect(greys(true)).toBeLessThan(40) // the two, and those of the frame
    expect(greys(false)).toBeGreaterThan(100)
  })

  test('may be empty', () => {
    const none = imageGrid(squares(0), { title: 'nothing' })
    expect(texts(none.svg)).toEqual(['nothing', ''])
    expect(decode(none.png()).width).toBeGreaterThan(0)
  })

  test('refuses what does not belong together', () => {
    expect(() => imageGrid(squares(5), { captions: ['a'] })).toThrow(
      /captions has 1 entries for 5 images/,
    )
    expect(() => imageGrid(squares(5), { columns: 0 })).toThrow(
      /columns must be a whole number ≥ 1, not 0/,
    )
    expect(() => imageGrid(rand([2, 4, 8, 8]))).toThrow(/1 or 3 channels/)
    expect(() => imageGrid(squares(1)).save('/tmp/picture.jpg')).toThrow(/neither .png nor .svg/)
  })
})
