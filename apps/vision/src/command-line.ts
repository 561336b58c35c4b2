import { command, count, positive } from '@flambeau/command-line'
import type { Say } from '@flambeau/command-line'
import type { Command } from 'commander'
import { list } from './list.ts'
import { predict } from './predict.ts'
import type { PredictOptions } from './predict.ts'
import { train } from './train.ts'
import type { TrainOptions } from './run.ts'
import { zoo } from './zoo/zoo.ts'
import type { ZooOptions } from './zoo/zoo.ts'

/** The command line. @param say Where results go. */
export function program(say: Say): Command {
  const main = command('flambeau-vision', say)
  main.description(
    'All vision models: what they are, training, predicting, and proof that they learn.',
  )
  main
    .command('list')
    .description('all models with parameters, operations and recipe')
    .argument('[filter]', 'only names and families with this in them', '')
    .action((filter: string) => list(filter, say))
  main
    .command('train')
    .description('train a model on digits, or on a folder of images for each class')
    .argument('<model>', 'a name of the list')
    .option('--data <source>', 'mnist, or folder:DIR', 'mnist')
    .option('--out <folder>', 'folder of the results (default: runs/vision/MODEL)')
    .option('--epochs <n>', "passes over the images (default: the model's)", count(1))
    .option('--batch-size <n>', "images in a step (default: the model's)", count(2))
    .option('--lr <x>', "highest learning rate (default: the model's)", positive)
    .option('--size <n>', "pixels a side of the images (default: the model's)", count(1))
    .option('--images <n>', 'how many to learn from, at most', count(2), 1e9)
    .option('--test-images <n>', 'how many to test on, at most', count(1), 1e9)
    .option('--workers <n>', 'threads that read images', count(0), 0)
    .option('--mixed-precision', 'compute in bfloat16 where that is safe', false)
    .option('--skip-corrupt', 'leave out images that cannot be read, with a warning', false)
    .option('--seed <n>', 'seed of everything random', count(0), 0)
    .option('--threads <n>', 'threads of one operation (default: the number of cores)', count(1))
    .option('--resume', 'go on from the newest checkpoint in the folder', false)
    .action((model: string, options: TrainOptions) => train(model, options, say))
  main
    .command('predict')
    .description('what a trained model takes pictures for')
    .argument('<model>', 'a name of the list')
    .argument('<images...>', 'JPEG, PNG, GIF or WebP files')
    .requiredOption('--checkpoint <file>', 'model.safetensors of the training')
    .option('--top <n>', 'how many classes to name', count(1), 3)
    .option('--invert', 'black on white becomes white on black, as MNIST has it', false)
    .action((model: string, images: string[], options: PredictOptions) =>
      predict(model, images, options, say),
    )
  main
    .command('zoo')
    .description('prove that each model learns, and write the table of results')
    .argument('[models...]', 'only these (default: all)')
    .option('--out <folder>', 'where results are kept as they come', 'runs/zoo')
    .option('--readme <file>', 'whose table between markers is rewritten (default: none)')
    .option('--again', 'also those that have results already', false)
    .option('--seed <n>', 'seed of everything random', count(0), 0)
    .option('--threads <n>', 'threads of one operation (default: the number of cores)', count(1))
    .action((models: string[], options: ZooOptions) => zoo(models, options, say))
  return main
}
