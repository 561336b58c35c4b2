/** Names in sentences: what they are names of, their neighbours tell. */
import { manualSeed, rand, randint, tensor } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { BiLSTMCRF } from '@flambeau/sequence-models'
import type { Result, Say, TaskOptions } from './training.ts'
import { percent, stepsOf, train } from './training.ts'

/** Tags: outside, and the first or a later word of a person's, a place's or a company's name. */
const TAGS = ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC', 'B-ORG', 'I-ORG'] as const
/** Words: 0 is padding, 1 to 10 may be names, 11 'said', 12 'in', 13 'the', 14 to 24 are others. */
const [NAMES, SAID, IN, OTHERS, WORDS] = [10, 11, 12, 13, 25] as const
const [PERSON, PLACE, COMPANY] = [1, 3, 5] as const

interface Sentence {
  readonly words: number[]
  readonly tags: number[]
}

/**
 * A sentence of a few parts. A name before 'said' is a person's, one after 'in' a place's, any other a
 * company's; the same words make all of them, so that none can be known by itself.
 */
function sentence(): Sentence {
  const words: number[] = []
  const tags: number[] = []
  const add = (word: number, tag: number): void => {
    words.push(word)
    tags.push(tag)
  }
  const draw = (from: number, to: number): number => randint(from, to, [1]).item()
  for (let part = draw(2, 5); part > 0; part--) {
    for (let i = draw(1, 4); i > 0; i--) add(draw(OTHERS, WORDS), 0)
    const kind = rand([1]).item()
    const type = kind < 0.33 ? PERSON : kind < 0.66 ? PLACE : COMPANY
    if (type === PLACE) add(IN, 0)
    for (let i = 0, length = draw(1, 4); i < length; i++) {
      add(draw(1, NAMES + 1), i === 0 ? type : type + 1)
    }
    if (type === PERSON) add(SAID, 0)
  }
  add(draw(OTHERS, WORDS), 0)
  return { words, tags }
}

interface Batch {
  readonly words: Tensor
  readonly tags: Tensor
  readonly mask: Tensor
}

function batchOf(sentences: readonly Sentence[]): Batch {
  const longest = Math.max(...sentences.map(({ words }) => words.length))
  const filled = (row: readonly number[]): number[] => [
    ...row,
    ...Array.from({ length: longest - row.length }, () => 0),
  ]
  const words = tensor(sentences.map((one) => filled(one.words)))
  return { words, tags: tensor(sentences.map((one) => filled(one.tags))), mask: words.ne(0) }
}

/** The names in tags, each with its place. */
function namesOf(tags: readonly number[]): Set<string> {
  const found = new Set<string>()
  for (let i = 0; i < tags.length; i++) {
    const first = tags[i] as number
    if (!(TAGS[first] as string).startsWith('B')) continue
    let end = i + 1
    while (tags[end] === first + 1) end++
    found.add(`${TAGS[first] as string} ${i} ${end}`)
  }
  return found
}

/** The F1 of names on 500 new sentences. */
export function tagging({ seed, effort }: TaskOptions, say: Say): Result[] {
  manualSeed(seed)
  const net = new BiLSTMCRF({
    vocabSize: WORDS,
    numTags: TAGS.length,
    embeddingDim: 16,
    hiddenSize: 32,
  })
  const sentences = (count: number): Sentence[] => Array.from({ length: count }, sentence)
  train(net, 0.01, stepsOf(300, effort), () => {
    const { words, tags, mask } = batchOf(sentences(32))
    return net.loss(words, tags, mask)
  })
  const unseen = sentences(500)
  const { words, mask } = batchOf(unseen)
  let [right, said, there] = [0, 0, 0]
  for (const [i, answer] of net.tag(words, mask).entries()) {
    const [found, names] = [namesOf(answer), namesOf((unseen[i] as Sentence).tags)]
    said += found.size
    there += names.size
    for (const name of found) if (names.has(name)) right++
  }
  const f1 = said + there === 0 ? 0 : (2 * right) / (said + there)
  say(`tagging: BiLSTM-CRF finds names with F1 ${percent(f1)} in 500 new sentences`)
  const figure = `F1 ${percent(f1)}`
  return [{ task: 'names in sentences', model: 'BiLSTM-CRF', figure, shown: f1 >= 0.97 }]
}
