/** The command line. */
import { command, count, positive } from '@flambeau/command-line'
import type { Say } from '@flambeau/command-line'
import type { Command } from 'commander'
import { Option } from 'commander'
import type { ModelName } from './recipes.ts'
import { recipes } from './recipes.ts'

export interface Options {
  model: ModelName
  epochs: number
  batchSize: number
  lr: number
  seed: number
  /** Undefined: what the library chooses. */
  threads: number | undefined
  /** Folder of checkpoint, pictures and metrics. */
  out: string
  /** Also write the metrics here. */
  json: string | undefined
  resume: boolean
}

/** What commander gives: the model's own numbers are not in it yet. */
type Given = Omit<Options, 'epochs' | 'batchSize' | 'lr'> &
  Partial<Pick<Options, 'epochs' | 'batchSize' | 'lr'>>

const models = Object.entries(recipes).map(
  ([name, { summary }]) => `  ${name.padEnd(7)} ${summary}`,
)

/**
 * The program.
 *
 * @param say Where its help goes. @param run What it does.
 */
export function program(say: Say, run: (options: Options) => Promise<void>): Command {
  return command('mnist', say)
    .usage('[options]')
    .description('Trains a network on MNIST and shows how well it reads digits it has not seen.')
    .addOption(
      new Option('--model <name>', 'what is trained').choices(Object.keys(recipes)).default('cnn'),
    )
    .option(
      '--epochs <n>',
      "passes over the 60,000 training images (default: the model's)",
      count(1),
    )
    .option('--batch-size <n>', "images in a step (default: the model's)", count(1))
    .option('--lr <x>', "learning rate (default: the model's)", positive)
    .option('--seed <n>', 'seed of the initial weights, the order and dropout', count(0), 0)
    .option('--threads <n>', 'threads of one operation (default: the number of cores)', count(1))
    .option('--out <folder>', 'where the results go', 'runs/mnist')
    .option('--json <file>', 'also write the metrics to this file')
    .option('--resume', 'go on from the checkpoint in the output folder', false)
    .addHelpText('after', `\nModels:\n${models.join('\n')}`)
    .addHelpText(
      'after',
      '\nLeaves in the output folder: checkpoint.safetensors, metrics.json, loss.png and digits.png.',
    )
    .action(async (given: Given) => {
      const { epochs, batchSize, lr } = recipes[given.model]
      const numbers = {
        epochs: given.epochs ?? epochs,
        batchSize: given.batchSize ?? batchSize,
        lr: given.lr ?? lr,
      }
      await run({ ...given, ...numbers })
    })
}
