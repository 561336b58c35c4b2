import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { command, count, positive } from '@flambeau/command-line'
import type { Say } from '@flambeau/command-line'
import { FlambeauError, setNumThreads } from '@flambeau/core'
import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import type { Kind } from './model.ts'
import { KINDS, load, translate } from './model.ts'
import type { Language } from './pairs.ts'
import { LANGUAGES } from './pairs.ts'
import { attentionPicture } from './pictures.ts'
import type { TrainOptions } from './train.ts'
import { train } from './train.ts'

/** A number from 0 up, below 1. */
function share(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && value < 1) return value
  throw new InvalidArgumentError('It must be a number from 0 up, below 1.')
}

/** Sizes with about ten minutes on two cores. */
const DEFAULTS = {
  transformer: { width: 192, depth: 2, epochs: 20, lr: 1.5e-3, dropout: 0.2 },
  seq2seq: { width: 256, depth: 1, epochs: 16, lr: 2e-3, dropout: 0.3 },
} as const

interface TextOptions {
  readonly out: string
  readonly model: Kind
  readonly to: Language
  readonly beamSize: number
  readonly threads?: number
  readonly attention?: string
}

type TrainFlags = Omit<TrainOptions, 'kind'> & { model: Kind }

/**
 * The command line.
 *
 * @param say Where results go. @param input What is typed at the prompt.
 */
export function program(say: Say, input: NodeJS.ReadableStream = process.stdin): Command {
  const languages = Object.keys(LANGUAGES) as Language[]
  const shared = (one: Command): Command =>
    one
      .option('--out <folder>', 'folder of the results', 'runs/translate')
      .addOption(new Option('--model <name>', 'which model').choices(KINDS).default('transformer'))
      .addOption(
        new Option('--to <language>', 'into which language').choices(languages).default('fr'),
      )
      .option('--beam-size <n>', 'translations that are followed at a time', count(1), 4)
      .option('--threads <n>', 'threads of one operation (default: the number of cores)', count(1))
  const main = command('translate', say)
  main.description('Learns to translate the messages of a program from English.')
  shared(main.command('train', { isDefault: true }))
    .description('train a model; BLEU of held-out texts after each epoch')
    .option('--epochs <n>', 'passes over the pairs (default: Transformer 20, Seq2Seq 16)', count(1))
    .option('--batch-size <n>', 'pairs in a step', count(1), 64)
    .option('--width <n>', 'width of the model (default: Transformer 192, Seq2Seq 256)', count(8))
    .option('--depth <n>', 'layers on each side (default: Transformer 2, Seq2Seq 1)', count(1))
    .option('--dropout <x>', 'share that is dropped while training', share)
    .option('--lr <x>', 'highest learning rate', positive)
    .option('--vocab-size <n>', 'tokens of both languages together', count(300), 4000)
    .option('--words <n>', 'leave out longer texts', count(1), 20)
    .option('--pairs <n>', 'the most pairs to learn from', count(1), 100000)
    .option('--seed <n>', 'seed of everything random', count(0), 0)
    .option('--resume', 'go on from the newest checkpoint in the folder', false)
    .action(async ({ model, ...flags }: TrainFlags) => {
      await train({ ...DEFAULTS[model], ...flags, kind: model }, say)
    })
  shared(main.command('text'))
    .description('translate a text with a trained model; without one, what is typed')
    .argument('[words...]', 'the English text')
    .option('--attention <file>', 'draw where the model looked, as .png or .svg')
    .action(async (words: string[], options: TextOptions) => {
      if (options.threads !== undefined) setNumThreads(options.threads)
      const { model, tokenizer } = load(join(options.out, `${options.model}-${options.to}`))
      const answer = (text: string): string => {
        if (options.attention === undefined) {
          return translate(model, tokenizer, text, options.beamSize).text
        }
        const drawn = attentionPicture(model, tokenizer, text, options.beamSize)
        drawn.figure.save(options.attention)
        return drawn.translation
      }
      if (words.length > 0) return say(answer(words.join(' ')))
      say(`English to ${LANGUAGES[options.to].name}; an empty line ends.`)
      // A prompt is for people.
      const isPerson = (input as Partial<typeof process.stdin>).isTTY === true
      const lines = createInterface({
        input,
        prompt: '> ',
        ...(isPerson ? { output: process.stdout } : {}),
      })
      if (isPerson) lines.prompt()
      for await (const line of lines) {
        if (line.trim() === '') break
        try {
          say(`  ${answer(line.trim())}`)
        } catch (error) {
          if (!(error instanceof FlambeauError)) throw error
          say(error.message)
        }
        if (isPerson) lines.prompt()
      }
      lines.close()
    })
  return main
}
