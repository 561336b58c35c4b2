import { command, count, positive } from '@flambeau/command-line'
import type { Say } from '@flambeau/command-line'
import { Generator, setNumThreads } from '@flambeau/core'
import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import { join } from 'node:path'
import type { Kind } from './model.ts'
import { KINDS, load, write } from './model.ts'
import type { TrainOptions } from './train.ts'
import { train } from './train.ts'

/** A number from 0 to 1. */
function share(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && value <= 1) return value
  throw new InvalidArgumentError('It must be a number from 0 to 1.')
}

interface GenerateOptions {
  readonly out: string
  readonly model: Kind
  readonly prompt: string
  readonly length: number
  readonly temperature: number
  readonly topK?: number
  readonly topP: number
  readonly repetitionPenalty: number
  readonly seed: number
  readonly threads?: number
}

/** Sizes with about five minutes on two cores. */
const DEFAULTS = {
  gpt: { width: 128, depth: 4, epochs: 8, lr: 3e-3, dropout: 0 },
  lstm: { width: 256, depth: 2, epochs: 8, lr: 5e-3, dropout: 0.1 },
} as const

type TrainFlags = Omit<TrainOptions, 'kind'> & { model: Kind } & Partial<TrainOptions>

/** The command line. @param say Where results go. */
export function program(say: Say): Command {
  const shared = (one: Command): Command =>
    one
      .option('--out <folder>', 'folder of the results', 'runs/charlm')
      .addOption(new Option('--model <name>', 'which model').choices(KINDS).default('gpt'))
      .option('--seed <n>', 'seed of everything random', count(0), 0)
      .option('--threads <n>', 'threads of one operation (default: the number of cores)', count(1))
  const main = command('charlm', say)
  main.description('Learns to write as Melville did, letter by letter: a GPT, or an LSTM.')
  shared(main.command('train', { isDefault: true }))
    .description('train a model; it writes something after each epoch')
    .option('--epochs <n>', `passes over the book (default: ${DEFAULTS.gpt.epochs})`, count(1))
    .option('--batch-size <n>', 'pieces of text in a step', count(1), 32)
    .option('--context <n>', 'characters of a piece', count(8), 128)
    .option('--width <n>', 'width of the model (default: GPT 128, LSTM 256)', count(8))
    .option('--depth <n>', 'blocks, or layers (default: GPT 4, LSTM 2)', count(1))
    .option('--dropout <x>', 'share that is dropped while training', share)
    .option('--lr <x>', 'highest learning rate', positive)
    .option('--share <x>', 'how much of the book to use', share, 1)
    .option('--sample-length <n>', 'characters to write after each epoch', count(1), 300)
    .option('--resume', 'go on from the newest checkpoint in the folder', false)
    .action(async ({ model, ...flags }: TrainFlags) => {
      await train({ ...DEFAULTS[model], ...flags, kind: model }, say)
    })
  shared(main.command('generate'))
    .description('let a trained model write')
    .option('--prompt <text>', 'how it begins', 'Call me ')
    .option('--length <n>', 'characters to write', count(1), 500)
    .option(
      '--temperature <x>',
      'below 1 is careful, above 1 is bold; 0 takes the best',
      Number,
      0.8,
    )
    .option('--top-k <n>', 'choose among so many of the best characters', count(1))
    .option('--top-p <x>', 'choose among the best with this share of the probability', Number, 1)
    .option('--repetition-penalty <x>', 'above 1: less of what was there before', Number, 1)
    .action((options: GenerateOptions) => {
      if (options.threads !== undefined) setNumThreads(options.threads)
      const { model, alphabet } = load(join(options.out, options.model))
      const sampling = {
        temperature: options.temperature,
        topK: options.topK ?? null,
        topP: options.topP,
        repetitionPenalty: options.repetitionPenalty,
        generator: new Generator().manualSeed(options.seed),
      }
      say(write(model, alphabet, options.prompt, options.length, sampling))
    })
  return main
}
