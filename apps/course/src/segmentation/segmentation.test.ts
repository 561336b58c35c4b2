import { expect, test } from 'vitest'
import { trier } from '../testing.ts'
import { segmentation } from './index.ts'

const run = trier(segmentation)

test('unet', async () => {
  const { said } = await run('unet')
  expect(said).toBe(
    '[ 3, 3, 160, 160 ]\n[ 3, 1, 160, 160 ]\n[ 1, 1, 75, 101 ] as @flambeau/vision-models has it: true',
  )
})

test('car-dataset', async () => {
  const { said, number, files } = await run('car-dataset')
  expect(said).toMatch(/^8\n4\n\[ 3, 160, 240 \] uint8 \[ 1, 160, 240 \] \d+\.\d % car$/)
  expect(number('[ 1, 160, 240 ]')).toBeGreaterThan(3)
  expect(files).toEqual(['car.png', 'cars'])
})

test('car-loaders', async () => {
  const { said, files } = await run('car-loaders')
  expect(said).toContain(
    '2 batches to learn from, 1 to validate on\n[ 4, 3, 80, 120 ] float32 up to',
  )
  expect(said).toContain('[ 4, 1, 80, 120 ] uint8 of [ 0, 1 ]')
  expect(files).toEqual(['cars', 'images.png', 'masks.png'])
})

test('car-training', async () => {
  const { said, number, files } = await run('car-training')
  expect(said).toMatch(/got \d+\/27648 with accuracy \d\d\.\d\d\nDice score: 0\.\d{4}/)
  expect(number('Dice score', 4)).toBeGreaterThan(0.7)
  expect(number('with accuracy', 4)).toBeGreaterThan(85)
  expect(files).toEqual(['cars', 'curves.png', 'predicted.png'])
})
