import { extname } from 'node:path'
import { writeFileSync } from 'node:fs'
import { ValueError } from '@flambeau/core'
import { requireCount, requireFunction, requireText } from '@flambeau/core/internal'
import { renderPng } from './svg.ts'
import { requireScale } from './values.ts'

/**
 * A picture that was drawn: as SVG, as PNG, and as text for a terminal where its kind has such a
 * form.
 *
 * @example
 * ```ts
 * import { linePlot } from '@flambeau/plot'
 * const figure = linePlot({ loss: [2.3, 1.1, 0.6, 0.4] }, { title: 'Training' })
 * console.log(figure.svg.startsWith('<svg'), figure.png().length > 1000) // => true true
 * ```
 */
export class Figure {
  /** The text of an SVG file. */
  readonly svg: string
  readonly #text: ((columns: number) => string) | null

  /** @param text Its form for a terminal of so many columns, or null. */
  constructor(svg: string, text: ((columns: number) => string) | null = null) {
    requireText('Figure', 'svg', svg)
    if (text !== null) requireFunction('Figure', 'text', text)
    this.svg = svg
    this.#text = text
  }

  /** The bytes of a PNG, `scale` pixels to each unit of the SVG; the same on every machine. */
  png(scale: number = 2): Uint8Array {
    requireScale('Figure.png', scale)
    return renderPng(this.svg, scale)
  }

  /**
   * Writes a file, as its name ends: `.png` or `.svg`.
   *
   * @returns The figure. @throws {ValueError} for other endings; what the file system throws.
   */
  save(path: string): this {
    requireText('Figure.save', 'path', path)
    const kind = extname(path).toLowerCase()
    if (kind !== '.png' && kind !== '.svg') {
      throw new ValueError(
        'Figure.save',
        [],
        `'${path}' ends with neither .png nor .svg`,
        'name it so',
      )
    }
    writeFileSync(path, kind === '.svg' ? this.svg : this.png())
    return this
  }

  /**
   * The picture in characters, at most `columns` wide.
   *
   * @throws {ValueError} for kinds that have no such form.
   */
  toText(columns: number = 72): string {
    requireCount('Figure.toText', 'columns', columns, 16)
    if (columns > 10_000) {
      throw new ValueError('Figure.toText', [], `columns is ${columns}`, 'give at most 10000')
    }
    if (this.#text !== null) return this.#text(columns)
    throw new ValueError('Figure.toText', [], 'this kind of picture has no text form', 'save it')
  }
}
