/** More pictures from the same: flipped, turned, scaled and cut, differently each time. */
import { manualSeed } from '@flambeau/core'
import {
  Compose,
  DataLoader,
  MNIST,
  RandomCrop,
  RandomHorizontalFlip,
  RandomRotation,
  RandomVerticalFlip,
  Resize,
  Rotate,
  Subset,
  ToTensor,
} from '@flambeau/data'
import { imageGrid } from '@flambeau/plot'
import { outFile } from '../settings.ts'

const transform = new Compose([
  new RandomHorizontalFlip(),
  new RandomVerticalFlip(),
  new RandomRotation(15),
  // Mended: a list of three angles to choose from, which the note's class does not take.
  new Rotate({ angles: [90, 180, 270], p: 1 }),
  new Resize([32, 32]),
  new RandomCrop([28, 28]),
  new ToTensor(),
])

// The same digit twenty times.
manualSeed(0)
const digit = new Subset(new MNIST({ transform }), Array(20).fill(0))
const [images, labels] = await new DataLoader(digit, { batchSize: 20, shuffle: true }).first()
console.log(images.shape, 'all of them a', labels.at(0).item())
const different = images.sub(images.at(0)).abs().flatten(1).sum(1).ne(0).sum().item()
console.log(`${different} of the other 19 are different`)
imageGrid(images, { columns: 10 }).save(outFile('augmented.png'))
