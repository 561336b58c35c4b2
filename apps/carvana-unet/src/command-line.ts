import { command, count, positive } from '@flambeau/command-line'
import type { Say } from '@flambeau/command-line'
import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import { predict } from './predict.ts'
import type { PredictOptions } from './predict.ts'
import { train } from './train.ts'
import type { TrainOptions } from './train.ts'

/** What is taken where a flag is left out. */
const PRESETS = {
  /** Fits in minutes on two cores. */
  small: {
    width: 16,
    size: [80, 120],
    lr: 3e-3,
    schedule: 'cycle',
    epochs: 20,
    batchSize: 8,
    workers: 0,
  },
  /** The classic script: U-Net of 64 to 1024 channels. */
  full: {
    width: 64,
    size: [160, 240],
    lr: 1e-4,
    schedule: 'constant',
    epochs: 50,
    batchSize: 16,
    workers: 2,
  },
} as const

function share(text: string): number {
  const value = Number(text)
  if (value > 0 && value < 1) return value
  throw new InvalidArgumentError('It must be a number between 0 and 1.')
}

function size(text: string): readonly [number, number] {
  const [height = 0, width = 0] = /^(\d+)x(\d+)$/.exec(text)?.slice(1).map(Number) ?? []
  if (height >= 16 && width >= 16) return [height, width]
  throw new InvalidArgumentError('It must be HEIGHTxWIDTH, 16 or more each, such as 160x240.')
}

/** What commander read of `train`: presets are not filled in yet. */
type Given = Partial<Omit<TrainOptions, 'say'>> & { full: boolean; seed: number; out: string }

/** The options of a training with what was left out filled in. */
export function complete(given: Given): TrainOptions {
  const preset = PRESETS[given.full ? 'full' : 'small']
  return {
    ...preset,
    // Of pictures that are there already, all.
    images: given.data === undefined ? 640 : 1e9,
    valShare: 0.2,
    patience: 8,
    resume: false,
    skipCorrupt: false,
    ...given,
    lrGiven: given.lr !== undefined,
  }
}

/** The command line. @param say Where results go. */
export function program(say: Say): Command {
  const main = command('carvana', say)
  main.description(
    'Finds cars in photographs: trains a U-Net on the Carvana data, and predicts masks.',
  )
  const { small, full } = PRESETS
  const of = (name: Exclude<keyof typeof small, 'size'>): string =>
    `default: ${small[name]}, --full ${full[name]}`
  main
    .command('train', { isDefault: true })
    .description('train, and look at the masks (the default command)')
    .option('--data <folder>', 'train/ and train_masks/ of Kaggle (default: pictures are rendered)')
    .option('--full', 'the classic width, size and learning rate', false)
    .option('--out <folder>', 'folder of the results', 'runs/carvana')
    .option(
      '--images <n>',
      'how many pictures to render, or to take of the data (default: 640, all)',
      count(10),
    )
    .option('--val-share <x>', 'share of cars to validate on (default: 0.2)', share)
    .option('--width <n>', `channels at full size (${of('width')})`, count(1))
    .option('--size <hxw>', 'height and width in pixels (default: 80x120, --full 160x240)', size)
    .option('--epochs <n>', `passes over the pictures (${of('epochs')})`, count(1))
    .option('--batch-size <n>', `pictures in a step (${of('batchSize')})`, count(1))
    .option('--lr <x>', `learning rate of Adam (${of('lr')})`, positive)
    .addOption(
      new Option(
        '--schedule <kind>',
        `the learning rate stays, or goes up and down once (${of('schedule')})`,
      ).choices(['constant', 'cycle']),
    )
    .option('--patience <n>', 'epochs without a better Dice before it stops (default: 8)', count(0))
    .addOption(
      new Option('--mixed-precision <dtype>', 'compute convolutions in 16 bits').choices([
        'bfloat16',
        'float16',
      ]),
    )
    .option('--workers <n>', `threads that read pictures (${of('workers')})`, count(0))
    .option('--skip-corrupt', 'leave out pictures that cannot be read, with a warning', false)
    .option('--seed <n>', 'seed of everything random', count(0), 0)
    .option('--threads <n>', 'threads of one operation (default: the number of cores)', count(1))
    .option('--resume', 'go on from the newest checkpoint in the folder', false)
    .action((given: Given) => train(complete(given), say))
  main
    .command('predict')
    .description('write the masks of photographs: files, or all in a folder')
    .argument('<paths...>', 'JPEG, PNG, GIF or WebP files, or folders of them')
    .option('--checkpoint <file>', 'the trained model', 'runs/carvana/model.safetensors')
    .option('--to <folder>', 'where the masks go', 'runs/carvana/predictions')
    .option('--threshold <x>', 'how likely a pixel of a car must be one', share, 0.5)
    .action((paths: string[], options: PredictOptions) => predict(paths, options, say))
  return main
}
