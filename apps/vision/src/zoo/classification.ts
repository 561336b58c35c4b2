/** Does a classifier learn? First one batch by heart, then real digits. */
import type { Tensor } from '@flambeau/core'
import { manualSeed } from '@flambeau/core'
import { Accuracy, DataLoader } from '@flambeau/data'
import { OneCycleLR } from '@flambeau/optim'
import { fit } from '@flambeau/trainer'
import { findModel, lossOf } from '../models.ts'
import type { Entry, Recipe } from '../registry.ts'
import { openSource } from '../sources.ts'
import { optimizerOf } from '../train.ts'
import type { Result } from './result.ts'
import { timed } from './result.ts'

/** Images in the batch that is learnt by heart, and the steps that it may take. */
const BATCH = 20
const MOST_STEPS = 200
/** Test images: the first so many. */
const TEST = 1000

const recipeOf = ({ recipe, zoo }: Entry): Recipe => ({
  ...recipe,
  optimizer: 'adamw',
  lr: zoo.lr,
  batchSize: zoo.batchSize,
  epochs: zoo.epochs,
})

/** Steps until all of a batch is right and the loss below 0.1; null if that does not happen. */
async function overfit(
  entry: Entry,
  batches: AsyncIterable<[Tensor, Tensor]>,
): Promise<number | null> {
  const model = entry.build({ classes: 10, size: entry.zoo.size })
  const optimizer = optimizerOf(model, { ...recipeOf(entry), lr: entry.zoo.lr / 2 })
  const first = (await batches[Symbol.asyncIterator]().next()) as IteratorYieldResult<
    [Tensor, Tensor]
  >
  const [images, labels] = first.value
  model.train()
  for (let step = 1; step <= MOST_STEPS; step++) {
    const [loss, logits] = lossOf(entry, model, images, labels)
    const known = logits.argmax(1).eq(labels).all().item() && loss.item() < 0.1
    if (known) return step - 1
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
  }
  return null
}

/** The result of one classifier. */
export async function provesToClassify(name: string, seed: number): Promise<Result> {
  const entry = findModel(name)
  const { channels } = entry.input
  const { size, images, goal, epochs } = entry.zoo
  const recipe = recipeOf(entry)
  const options = { channels, size, images, testImages: TEST, seed, skipCorrupt: false }
  const { train, test } = openSource('mnist', options)
  return timed(async () => {
    manualSeed(seed)
    // The first twenty images, always in the same order.
    const overfitSteps = await overfit(entry, new DataLoader(train, { batchSize: BATCH }))
    manualSeed(seed)
    const model = entry.build({ classes: 10, size })
    const parameters = [...model.parameters()].reduce((sum, one) => sum + one.numel(), 0)
    const loader = new DataLoader(train, {
      batchSize: recipe.batchSize,
      shuffle: true,
      dropLast: true,
    })
    const optimizer = optimizerOf(model, recipe)
    const totalSteps = epochs * loader.length
    const history = await fit(model, loader, {
      optimizer,
      scheduler: new OneCycleLR(optimizer, { maxLr: recipe.lr, totalSteps }),
      schedule: 'step',
      forward: ([x, y]: [Tensor, Tensor]) => {
        const [loss, logits] = lossOf(entry, model, x, y)
        return { loss, compared: [logits, y] }
      },
      epochs,
      clipGradNorm: 1,
      validation: new DataLoader(test, { batchSize: 50 }),
      metrics: { accuracy: new Accuracy({ numClasses: 10 }) },
    })
    return {
      name,
      kind: 'classification',
      parameters,
      input: `${channels} × ${size} × ${size}`,
      training: `${images} digits, ${epochs} epochs`,
      overfitSteps,
      value: history.epochs.at(-1)?.metrics['accuracy'] ?? 0,
      goal,
    } as const
  })
}
