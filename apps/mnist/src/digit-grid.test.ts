import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { digitGrid, digitGridSvg } from './digit-grid.ts'

/** N digits, each a filled square of ink in the middle. */
function squares(count: number): Uint8Array {
  const images = new Uint8Array(count * 784)
  images.forEach((_, i) => {
    const [row, column] = [Math.floor((i % 784) / 28), i % 28]
    if (row >= 8 && row < 20 && column >= 8 && column < 20) images[i] = 255
  })
  return images
}

const grid = {
  title: 'MNIST test digits',
  images: squares(5),
  labels: [7, 2, 5, 0, 4],
  predictions: Uint8Array.of(7, 2, 3, 0, 9),
  columns: 3,
}
const texts = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1] ?? '')

describe('a grid of digits', () => {
  test('has the prediction under each digit, and the truth under a wrong one', () => {
    expect(texts(digitGridSvg(grid))).toEqual([
      'MNIST test digits',
      '3 of 5 right',
      '7',
      '2',
      '3 → true 5',
      '0',
      '9 → true 4',
    ])
    expect(texts(digitGridSvg({ ...grid, subtitle: 'test accuracy 98.12 %' }))[1]).toBe(
      'test accuracy 98.12 %; 3 of 5 right',
    )
  })

  test('is drawn dark on light, with a red frame around the wrong ones alone', () => {
    const folder = mkdtempSync(join(tmpdir(), 'flambeau-grid-'))
    try {
      const path = join(folder, 'digits.png')
      digitGrid({ ...grid, path })
      const { width, height, data, channels } = decode(readFileSync(path))
      expect([width, height]).toEqual([2 * (80 + 360), 2 * (96 + 2 * 106 + 20)])
      const pixel = (x: number, y: number): number[] => [
        ...data.subarray(
          (2 * y * width + 2 * x) * channels,
          (2 * y * width + 2 * x) * channels + 3,
        ),
      ]
      for (let i = 0; i < 5; i++) {
        const x = 40 + (i % 3) * 86
        const y = 96 + Math.floor(i / 3) * 106
        expect(pixel(x + 35, y + 35)).toEqual([0, 0, 0]) // ink
        expect(pixel(x + 8, y + 8)).toEqual([255, 255, 255]) // paper
        const frame = i === 2 || i === 4 ? [209, 36, 47] : [230, 233, 239]
        expect(pixel(x, y + 35)).toEqual(frame)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('may be empty', () => {
    const none = { ...grid, images: new Uint8Array(0), labels: [], predictions: [] }
    expect(texts(digitGridSvg(none))).toEqual(['MNIST test digits', '0 of 0 right'])
  })

  test('refuses lists that do not belong together', () => {
    expect(() => digitGridSvg({ ...grid, labels: [1, 2] })).toThrow(
      'digitGrid: labels and predictions must have one entry for each image of 784 pixels\n' +
        '  images: 3920 pixels   labels: 2   predictions: 5\n' +
        '  fix: pass the same images, labels and predictions, all of one batch',
    )
    expect(() => digitGridSvg({ ...grid, images: squares(5).subarray(1) })).toThrow(/3919 pixels/)
    expect(() => digitGridSvg({ ...grid, columns: 0 })).toThrow(
      /from 1 up, not 0\n {2}fix: pass 10/,
    )
  })
})
