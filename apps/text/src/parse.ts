/** Trains a tagger of parts of speech and a dependency parser, and parses with both. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { manualSeed, setNumThreads } from '@flambeau/core'
import { Adam } from '@flambeau/optim'
import type { AttachmentScores, Sentence } from '@flambeau/sequence-models'
import {
  attachmentScores,
  bucketByLength,
  DependencyParser,
  POSTagger,
  readConllu,
  sampleTreebank,
  writeConllu,
} from '@flambeau/sequence-models'

export interface ParseOptions {
  readonly train?: string
  readonly test?: string
  readonly sentences: number
  readonly epochs: number
  readonly lr: number
  readonly size: number
  readonly decoding: 'mst' | 'greedy'
  readonly text?: string
  readonly out: string
  readonly seed: number
  readonly threads?: number
}

export interface ParseResult extends AttachmentScores {
  /** The share of words that get their part of speech. */
  readonly accuracy: number
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

/** The sentences to learn from and to judge by. */
function treebanks(options: ParseOptions): { train: Sentence[]; test: Sentence[] } {
  const read = (file: string): Sentence[] => readConllu(readFileSync(file, 'utf8'))
  const { train: file, test, sentences, seed } = options
  const all = file === undefined ? sampleTreebank({ count: sentences, seed }) : read(file)
  if (test !== undefined) return { train: all, test: read(test) }
  const share = Math.max(1, Math.ceil(all.length / 5))
  const train = all.slice(0, -share)
  const form = ({ words }: Sentence): string => words.map((word) => word.form).join(' ')
  const seen = new Set(train.map(form))
  const unseen = all.slice(-share).filter((sentence) => !seen.has(form(sentence)))
  return { train, test: unseen }
}

/** A sentence with an indented line for each word, below its head. */
export function drawTree({ words }: Sentence): string {
  const below = (head: number, depth: number): string[] =>
    words.flatMap((word, i) => {
      if (word.head !== head) return []
      const line = `${'  '.repeat(depth)}${word.form}  ${word.upos ?? '_'}  ${word.deprel ?? '_'}`
      return [line, ...below(i + 1, depth + 1)]
    })
  return below(0, 1).join('\n')
}

/** @returns How well sentences that were not trained on are parsed, with their own parts of speech. */
export function parse(options: ParseOptions, say: (text: string) => void): ParseResult {
  const { epochs, lr, size, decoding, out, seed, text } = options
  if (options.threads !== undefined) setNumThreads(options.threads)
  const { train, test } = treebanks(options)
  manualSeed(seed)
  const sizes = { hiddenSize: size, arcDim: size, labelDim: Math.ceil(size / 2) }
  const tagger = POSTagger.build(train, { hiddenSize: size })
  const parser = DependencyParser.build(train, { ...sizes, dropout: 0.2 })
  say(`${train.length} sentences to learn from, ${test.length} to judge by`)
  const models = [tagger, parser].map((model) => ({
    model,
    optimizer: new Adam(model.parameters(), { lr }),
  }))
  const lengths = train.map(({ words }) => words.length)
  let result: ParseResult = { uas: 0, las: 0, accuracy: 0 }
  for (let epoch = 1; epoch <= epochs; epoch++) {
    let loss = 0
    const batches = bucketByLength(lengths, { batchSize: 16, shuffle: true })
    for (const batch of batches) {
      const sentences = batch.map((i) => train[i] as Sentence)
      for (const { model, optimizer } of models) {
        optimizer.zeroGrad()
        const own = model.loss(sentences)
        own.backward()
        optimizer.step()
        loss += own.item() / batches.length
      }
    }
    // The rate falls to nothing, so that the last steps settle.
    for (const { optimizer } of models) {
      for (const group of optimizer.paramGroups) group.lr = lr * (1 - epoch / epochs)
    }
    result = { ...parser.evaluate(test, { decoding }), accuracy: tagger.accuracy(test) }
    const { uas, las, accuracy } = result
    const scores = `UAS ${percent(uas)}, LAS ${percent(las)}, tags ${percent(accuracy)}`
    say(`epoch ${epoch}/${epochs}: loss ${loss.toFixed(3)}, ${scores}`)
  }
  const parsed = parser.parse(tagger.tag(test), { decoding })
  const { uas, las } = attachmentScores(test, parsed)
  say(`with the tagger's tags: UAS ${percent(uas)}, LAS ${percent(las)}`)
  mkdirSync(out, { recursive: true })
  const file = join(out, 'parsed.conllu')
  writeFileSync(file, writeConllu(parsed))
  say(`parsed sentences: ${file}`)
  const shown = text === undefined ? (parsed[0] as Sentence) : sentenceOf(text)
  say(drawTree(text === undefined ? shown : (parser.parse(tagger.tag([shown]))[0] as Sentence)))
  return result
}

/** The words of a text, without annotation. */
function sentenceOf(text: string): Sentence {
  const row = (form: string, i: number): string =>
    [i + 1, form, ...Array<string>(8).fill('_')].join('\t')
  const rows = text.trim().split(/\s+/).map(row).join('\n')
  return readConllu(rows)[0] as Sentence
}
