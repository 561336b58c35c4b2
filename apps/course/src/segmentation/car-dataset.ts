/** A dataset of one's own: photographs and masks by name, in two folders. */
import { manualSeed } from '@flambeau/core'
import { overlay } from '@flambeau/plot'
import { budget, outFile } from '../settings.ts'
import { CarPictures, drawCars } from './car-pictures.ts'

manualSeed(0)
const counts = { train: budget(80, 8), val: budget(20, 4) }
const folders = await drawCars(outFile('cars'), counts, [160, 240])
const train = new CarPictures(folders.train, folders.train)
console.log(train.length)
const val = new CarPictures(folders.val, folders.val)
console.log(val.length)

const { image, mask } = await train.getItem(0)
console.log(
  image.shape,
  image.dtype,
  mask.shape,
  `${mask.float().mean().mul(100).item().toFixed(1)} % car`,
)
overlay(image, { mask: mask.squeeze(0) }).save(outFile('car.png'))
