/** The command line. */
import { parseArgs } from 'node:util'
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

/** A mistake on the command line. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}

export const help: string = `Trains a network on MNIST and shows how well it reads digits it has not seen.

usage: npm run mnist -- [options]

  --model NAME     ${Object.keys(recipes).join(' | ')}; default cnn
${Object.entries(recipes)
  .map(([name, { summary }]) => `                     ${name.padEnd(7)} ${summary}`)
  .join('\n')}
  --epochs N       passes over the 60,000 training images; default: the model's
  --batch-size N   images in a step; default: the model's
  --lr X           learning rate; default: the model's
  --seed N         seed of the initial weights, the order and dropout; default 0
  --threads N      threads of one operation; default: the number of cores
  --out DIR        folder of the results; default runs/mnist
  --json FILE      also write the metrics to FILE
  --resume         go on from the checkpoint in the output folder
  --help           show this

Leaves in the output folder: checkpoint.safetensors, metrics.json, loss.png and digits.png.`

function number(
  name: string,
  text: string,
  valid: (value: number) => boolean,
  rule: string,
): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || !valid(value)) {
    throw new UsageError(`--${name} must be ${rule}, not '${text}'`)
  }
  return value
}

/** Reads the command line; null asks for help. @throws {UsageError} */
export function parseOptions(args: readonly string[]): Options | null {
  let values
  try {
    ;({ values } = parseArgs({
      args: [...args],
      options: {
        model: { type: 'string', default: 'cnn' },
        epochs: { type: 'string' },
        'batch-size': { type: 'string' },
        lr: { type: 'string' },
        seed: { type: 'string', default: '0' },
        threads: { type: 'string' },
        out: { type: 'string', default: 'runs/mnist' },
        json: { type: 'string' },
        resume: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }))
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  if (values.help) return null
  if (!Object.hasOwn(recipes, values.model)) {
    throw new UsageError(
      `--model must be one of ${Object.keys(recipes).join(', ')}, not '${values.model}'`,
    )
  }
  const model = values.model as ModelName
  const recipe = recipes[model]
  const count = (name: string, text: string | undefined, otherwise: number): number =>
    text === undefined
      ? otherwise
      : number(name, text, (value) => Number.isInteger(value) && value >= 1, 'a whole number ≥ 1')
  return {
    model,
    epochs: count('epochs', values.epochs, recipe.epochs),
    batchSize: count('batch-size', values['batch-size'], recipe.batchSize),
    lr:
      values.lr === undefined
        ? recipe.lr
        : number('lr', values.lr, (value) => value > 0, 'a number > 0'),
    seed: number(
      'seed',
      values.seed,
      (value) => Number.isSafeInteger(value) && value >= 0,
      'a whole number ≥ 0',
    ),
    threads: values.threads === undefined ? undefined : count('threads', values.threads, 1),
    out: values.out,
    json: values.json,
    resume: values.resume,
  }
}
