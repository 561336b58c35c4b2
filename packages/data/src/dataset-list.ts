import type { WorkerRecipe } from './dataset.ts'
import { checkSample, Dataset } from './dataset.ts'
import { recipeOf } from './loader/recipe.ts'

/** An array as a dataset. */
export class ListDataset<Sample> extends Dataset<Sample, unknown> {
  readonly samples: readonly Sample[]

  constructor(samples: readonly Sample[]) {
    super()
    this.samples = samples
  }

  override get length(): number {
    return this.samples.length
  }

  override getItem(index: number): Sample {
    return this.samples[checkSample('ListDataset', index, this.length)] as Sample
  }

  override toWorker(): WorkerRecipe {
    return recipeOf(this, ListDataset, import.meta.url, [this.samples])
  }
}
