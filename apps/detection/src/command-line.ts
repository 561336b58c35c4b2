import { command, count, positive } from '@flambeau/command-line'
import type { Say } from '@flambeau/command-line'
import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import type { FindOptions } from './find.ts'
import { find } from './find.ts'
import { recipes } from './models.ts'
import type { TrainOptions } from './train.ts'
import { train } from './train.ts'

function share(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && value <= 1) return value
  throw new InvalidArgumentError('It must be a number from 0 to 1.')
}

function side(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 64 && value % 32 === 0) return value
  throw new InvalidArgumentError('It must be a multiple of 32 from 64 up.')
}

/** The command line. @param say Where results go. */
export function program(say: Say): Command {
  const shared = (one: Command): Command =>
    one
      .addOption(
        new Option('--model <name>', 'the detector').choices(Object.keys(recipes)).default('yolo'),
      )
      .option('--out <folder>', 'folder of the results', 'runs/detection')
      .option('--threads <n>', 'threads of one operation (default: the number of cores)', count(1))
  const main = command('detection', say)
  main.description('Finds handwritten digits in scenes: YOLO, SSD and Faster R-CNN.')
  shared(main.command('train', { isDefault: true }))
    .description('train a detector, and draw what it finds')
    .option(
      '--data <folder>',
      'folder of the scenes, made if it is not there',
      'runs/detection/scenes',
    )
    .option('--epochs <n>', 'passes over the scenes (default: as the model needs)', count(1))
    .option('--lr <x>', 'largest learning rate (default: as the model needs)', positive)
    .option('--images <n>', 'scenes to learn from', count(1), 3000)
    .option('--test-images <n>', 'scenes to be judged by', count(1), 200)
    .option('--size <n>', 'pixels a side of a scene', side, 128)
    .option('--batch-size <n>', 'scenes in a step', count(1), 16)
    .option('--mosaic <share>', 'share of scenes that are put together of four', share, 0.5)
    .option('--seed <n>', 'seed of everything random', count(0), 0)
    .option('--resume', 'go on from the newest checkpoint in the folder', false)
    .action((options: TrainOptions) => train(options, say))
  shared(main.command('find'))
    .description('find digits in pictures with a trained detector')
    .argument('<pictures...>', 'files')
    .option('--sure <share>', 'only what it is at least so sure of', share, 0.3)
    .action((pictures: string[], options: FindOptions) => find(pictures, options, say))
  return main
}
