/** A folder for each class, a picture for each sample: a dataset and its batches. */
import { mkdirSync } from 'node:fs'
import {
  Compose,
  DataLoader,
  ImageFolder,
  MNIST,
  Resize,
  ToTensor,
  writeImage,
} from '@flambeau/data'
import { imageGrid } from '@flambeau/plot'
import { outFile } from '../settings.ts'

// Some pictures to have: digits 0 to 2, four of each.
const mnist = new MNIST()
const root = outFile('pictures')
for (const digit of [0, 1, 2]) {
  mkdirSync(`${root}/${digit}`, { recursive: true })
  const places = mnist.labels.eq(digit).nonzero().at(':4', 0)
  for (const [i, image] of mnist.images.at(places).unbind().entries()) {
    await writeImage(`${root}/${digit}/${i}.png`, image.unsqueeze(0))
  }
}

const dataset = new ImageFolder(root, {
  transform: new Compose([new Resize([32, 32]), new ToTensor()]),
})
console.log(dataset.length, 'pictures of', dataset.classes)

const loader = new DataLoader(dataset, { batchSize: 12 })
for await (const [images, labels] of loader) {
  console.log(images.shape, labels)
  imageGrid(images, { columns: 4 }).save(outFile('batch.png'))
}
