/** Loaders of both folders: image and mask turn and flip together, on other threads. */
import { manualSeed } from '@flambeau/core'
import { Compose, HorizontalFlip, Normalize, Resize, Rotate } from '@flambeau/data'
import { imageGrid } from '@flambeau/plot'
import { budget, outFile } from '../settings.ts'
import { drawCars, getLoaders } from './car-pictures.ts'

const folders = await drawCars(outFile('cars'), { train: budget(80, 8), val: 4 }, [160, 240])
const toShares = new Normalize([0, 0, 0], [1, 1, 1])
const transforms = {
  train: new Compose([
    new Resize([80, 120]),
    new Rotate(35, { p: 1 }),
    new HorizontalFlip(0.5),
    toShares,
  ]),
  val: new Compose([new Resize([80, 120]), toShares]),
}
manualSeed(0)
const { trainLoader, valLoader } = getLoaders(folders, transforms, {
  batchSize: 4,
  numWorkers: budget(2, 0),
})
console.log(trainLoader.length, 'batches to learn from,', valLoader.length, 'to validate on')
const { image, mask } = await trainLoader.first()
console.log(image.shape, image.dtype, 'up to', image.max().item().toFixed(2))
console.log(mask.shape, mask.dtype, 'of', mask.unique().tolist())
imageGrid(image, { columns: 4 }).save(outFile('images.png'))
imageGrid(mask.float(), { columns: 4 }).save(outFile('masks.png'))
