import { Command, InvalidArgumentError, Option } from 'commander'
import { sample } from './sample.ts'
import type { SampleOptions } from './sample.ts'
import { train } from './train.ts'
import type { TrainOptions } from './train.ts'

/** A whole number from `least` up. */
function count(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (Number.isSafeInteger(value) && value >= least) return value
    throw new InvalidArgumentError(`It must be a whole number from ${least} up.`)
  }
}

function positive(text: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new InvalidArgumentError('It must be a number above 0.')
}

function digits(text: string): number[] {
  if (/^\d+$/.test(text)) return Array.from(text, Number)
  throw new InvalidArgumentError('It must be digits, such as 0123456789.')
}

/** The command line. @param say Where results go. */
export function program(say: (text: string) => void): Command {
  const shared = (command: Command): Command =>
    command
      .option('--out <folder>', 'folder of the results', 'runs/diffusion')
      .option('--guidance <x>', 'how much the class counts', positive, 3)
      .option('--seed <n>', 'seed of everything random', count(0), 0)
      .option('--threads <n>', 'threads of one operation (default: the number of cores)', count(1))
  const main = new Command('diffusion')
    .exitOverride()
    .configureOutput({ writeOut: (text) => say(text.trimEnd()) })
  main.description('Draws digits out of noise: trains DDPM on MNIST, samples by DDPM and DDIM.')
  shared(main.command('train', { isDefault: true }))
    .description('train a network, and let a classifier judge what it draws')
    .option('--epochs <n>', 'passes over the digits', count(1), 4)
    .option('--images <n>', 'how many of the 60,000 digits', count(1), 60000)
    .option('--judge-images <n>', 'how many the judge learns from', count(1), 60000)
    .option('--batch-size <n>', 'digits in a step', count(1), 64)
    .option('--lr <x>', 'learning rate', positive, 2e-3)
    .option('--width <n>', 'channels at full size, a multiple of 8', count(8), 16)
    .option('--steps <n>', 'steps of noise', count(2), 400)
    .option('--resume', 'go on from the newest checkpoint in the folder', false)
    .action((options: TrainOptions) => train(options, say))
  shared(main.command('sample'))
    .description('draw digits with the trained network')
    .option('--digits <digits>', 'what to draw', digits, Array.from('01234567890123456789', Number))
    .addOption(new Option('--method <name>').choices(['ddim', 'ddpm']).default('ddim'))
    .option('--steps <n>', 'steps of DDIM', count(1), 50)
    .action((options: SampleOptions) => sample(options, say))
  return main
}
