/** Shows what a tokenizer makes of texts, and how fast. */
import { readFileSync, writeFileSync } from 'node:fs'
import { ValueError } from '@flambeau/core'
import { Tokenizer, trainBPE, trainUnigram, trainWordPiece } from '@flambeau/sequence-models/text'

/** What can be trained. */
export const MODELS = ['bpe', 'wordpiece', 'unigram'] as const

export interface TokenizeOptions {
  readonly tokenizer?: string
  readonly train?: readonly string[]
  readonly model: (typeof MODELS)[number]
  readonly vocabSize: number
  readonly save?: string
  readonly speed?: string
}

function tokenizerOf(options: TokenizeOptions, say: (text: string) => void): Tokenizer {
  const { tokenizer: file, train, model, vocabSize } = options
  if (file !== undefined) return Tokenizer.fromJSON(readFileSync(file, 'utf8'))
  if (train === undefined) {
    const rule = 'there is no tokenizer, and no text to train one on'
    throw new ValueError('tokenize', {}, rule, 'pass --tokenizer <file> or --train <files...>')
  }
  const lines = train.flatMap((name) => readFileSync(name, 'utf8').split(/(?<=\n)/))
  const begin = process.cpuUsage()
  const trained = {
    bpe: () => trainBPE(lines, { vocabSize }),
    wordpiece: () => trainWordPiece(lines, { vocabSize }),
    unigram: () => trainUnigram(lines, { vocabSize, byteFallback: true }),
  }[model]()
  say(`${trained.vocabSize} tokens, trained in ${seconds(begin).toFixed(1)} s`)
  return trained
}

/** Processor time since then. */
function seconds(begin: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(begin)
  return (user + system) / 1e6
}

/** Trains or reads a tokenizer, and shows the tokens of texts with their places. */
export function tokenize(
  texts: readonly string[],
  options: TokenizeOptions,
  say: (text: string) => void,
): void {
  const tokenizer = tokenizerOf(options, say)
  if (options.save !== undefined) writeFileSync(options.save, JSON.stringify(tokenizer))
  for (const text of texts) {
    const { ids, offsets } = tokenizer.encode(text)
    const pieces = offsets.map(([start, end]) => text.slice(start, end))
    say(`${text}\n  ids     ${ids.join(' ')}\n  pieces  ${pieces.join('|')}`)
    say(`  back    ${tokenizer.decode(ids)}`)
  }
  if (options.speed !== undefined) say(speed(tokenizer, readFileSync(options.speed, 'utf8')))
}

/** How many characters of a text are encoded in a second of processor time, 50 lines at a time. */
function speed(tokenizer: Tokenizer, text: string): string {
  const lines = text.split(/(?<=\n)/)
  const parts: string[] = []
  for (let i = 0; i < lines.length; i += 50) parts.push(lines.slice(i, i + 50).join(''))
  const rates: number[] = []
  let tokens = 0
  const begin = process.cpuUsage()
  do {
    const round = process.cpuUsage()
    tokens = parts.reduce((sum, part) => sum + tokenizer.encode(part).ids.length, 0)
    rates.push(text.length / seconds(round) / 1e6)
  } while (seconds(begin) < 1)
  const [first = 0, ...later] = rates
  const rest =
    later.length === 0 ? first : later.reduce((sum, rate) => sum + rate, 0) / later.length
  const share = (text.length / Math.max(1, tokens)).toFixed(2)
  return `${share} characters a token; millions of characters a second: ${first.toFixed(1)} at first, then ${rest.toFixed(1)}`
}
