import { command, count, positive } from '@flambeau/command-line'
import type { Say } from '@flambeau/command-line'
import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import { sample } from './sample.ts'
import type { SampleOptions } from './sample.ts'
import { train } from './train.ts'
import type { TrainOptions } from './train.ts'

function digits(text: string): number[] {
  if (/^\d+$/.test(text)) return Array.from(text, Number)
  throw new InvalidArgumentError('It must be digits, such as 0123456789.')
}

/** The command line. @param say Where results go. */
export function program(say: Say): Command {
  const shared = (one: Command): Command =>
    one
      .option('--out <folder>', 'folder of the results', 'runs/diffusion')
      .option('--guidance <x>', 'how much the class counts', positive, 3)
      .option('--seed <n>', 'seed of everything random', count(0), 0)
      .option('--threads <n>', 'threads of one operation (default: the number of cores)', count(1))
  const main = command('diffusion', say)
  main.description('Draws digits out of noise: trains DDPM on MNIST, samples by DDPM and DDIM.')
  shared(main.command('train', { isDefault: true }))
    .description('train a network, and let a classifier judge what it draws')
    .option('--epochs <n>', 'passes over the digits', count(1), 4)
    .option('--images <n>', 'how many of the 60,000 digits', count(1), 16000)
    .option('--judge-images <n>', 'how many the judge learns from', count(1), 60000)
    .option('--batch-size <n>', 'digits in a step', count(1), 32)
    .option('--lr <x>', 'largest learning rate', positive, 2e-3)
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
