/** Vectors of words, and the text formats of word2vec and GloVe. */
import type { Tensor } from '@flambeau/core'
import { ShapeError, tensor, ValueError } from '@flambeau/core'
import { requireCounts, requireList, requireTensor } from '@flambeau/core/internal'

/** 'word2vec' begins with a line of the number of words and their size, 'glove' does not. */
export type VectorFormat = 'word2vec' | 'glove'

/**
 * Words and their vectors.
 *
 * Shapes: vectors floating `[words, dim]`.
 *
 * @throws {ShapeError} unless there are as many vectors as words. @throws {ValueError} for a word that
 * is there twice, empty, or has white space in it.
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { WordVectors } from '@flambeau/sequence-models'
 * const words = new WordVectors(['cat', 'dog', 'car'], tensor([[1, 0.1], [1, 0.2], [0, 1]]))
 * console.log(words.nearest('cat', 1)[0]?.word) // => dog
 * const again = WordVectors.parse(words.format('glove'), 'glove')
 * console.log(again.words) // => [ 'cat', 'dog', 'car' ]
 * ```
 */
export class WordVectors {
  readonly words: readonly string[]
  readonly vectors: Tensor
  private readonly index: ReadonlyMap<string, number>

  constructor(words: readonly string[], vectors: Tensor) {
    requireList('WordVectors', 'words', words, 'a list of words')
    requireTensor('WordVectors', 'vectors', vectors)
    if (vectors.ndim !== 2 || vectors.shape[0] !== words.length) {
      const rule = `vectors must be [${words.length}, dim]: one for each word`
      throw new ShapeError('WordVectors', { vectors }, rule, 'pass as many words as rows')
    }
    this.words = words
    this.vectors = vectors.detach()
    this.index = new Map(words.map((word, i) => [word, i]))
    const bad = words.find((word) => word === '' || /\s/.test(word))
    if (bad !== undefined || this.index.size !== words.length) {
      const rule =
        bad === undefined ? 'a word is there twice' : `'${bad}' is empty or has white space in it`
      throw new ValueError('WordVectors', { vectors }, rule, 'clean the list of words')
    }
  }

  /** Is this word among them? */
  has(word: string): boolean {
    return this.index.has(word)
  }

  /** The vector `[dim]` of a word. @throws {ValueError} for a word that is not among them. */
  get(word: string): Tensor {
    const at = this.index.get(word)
    if (at !== undefined) return this.vectors.select(0, at)
    throw new ValueError('WordVectors', {}, `'${word}' is not among the words`, 'ask has() first')
  }

  /**
   * The words nearest to a word or vector `[dim]` by the cosine, best first, without the word itself.
   *
   * @throws {ValueError} for a word that is not among them.
   */
  nearest(to: string | Tensor, count: number = 10): { word: string; similarity: number }[] {
    requireCounts('WordVectors.nearest', { count }, 1)
    const query = typeof to === 'string' ? this.get(to) : to
    const lengths = this.vectors.norm(2, 1).mul(query.norm()).clamp(1e-12)
    const cosines = this.vectors.matmul(query).div(lengths)
    const { values, indices } = cosines.sort(0, true)
    const similarities = values.tolist() as number[]
    return (indices.tolist() as number[])
      .map((i, rank) => ({
        word: this.words[i] as string,
        similarity: similarities[rank] as number,
      }))
      .filter(({ word }) => word !== to)
      .slice(0, count)
  }

  /** The text: a line for each word with its numbers. */
  format(format: VectorFormat = 'word2vec'): string {
    const rows = this.vectors.tolist() as number[][]
    const lines = rows.map((row, i) => [this.words[i], ...row.map((x) => Math.fround(x))].join(' '))
    if (format === 'word2vec') lines.unshift(`${rows.length} ${this.vectors.shape[1] as number}`)
    return `${lines.join('\n')}\n`
  }

  /** Reads such a text. @throws {ValueError} where it is not as the format says, with the line. */
  static parse(text: string, format: VectorFormat = 'word2vec'): WordVectors {
    const lines = text.split('\n').map((line) => line.replace(/[\r ]+$/, ''))
    while (lines.at(-1) === '') lines.pop()
    const wrong = (line: number, rule: string): never => {
      const where = `line ${line + 1}: ${rule}`
      throw new ValueError(
        'WordVectors.parse',
        {},
        where,
        'check the format: word2vec has a header',
      )
    }
    let dim: number | null = null
    let first = 0
    if (format === 'word2vec') {
      const header = (lines[0] ?? '').split(' ').map(Number)
      const [count, size] = header as [number, number]
      const whole = header.length === 2 && header.every((n) => Number.isSafeInteger(n) && n > 0)
      if (!whole) wrong(0, 'must be the number of words and their size')
      if (lines.length !== count + 1) {
        wrong(0, `announces ${count} words, but ${lines.length - 1} lines follow`)
      }
      dim = size
      first = 1
    }
    const words: string[] = []
    const rows: number[][] = []
    for (let i = first; i < lines.length; i++) {
      const [word = '', ...fields] = (lines[i] as string).split(' ')
      const row = fields.map((field) => (field === '' ? Number.NaN : Number(field)))
      dim ??= row.length
      if (row.length !== dim || dim === 0) wrong(i, `has ${row.length} numbers, not ${dim}`)
      if (!row.every(Number.isFinite)) wrong(i, 'has something that is no number')
      words.push(word)
      rows.push(row)
    }
    if (rows.length === 0) wrong(first, 'there are no words')
    return new WordVectors(words, tensor(rows).float())
  }
}
