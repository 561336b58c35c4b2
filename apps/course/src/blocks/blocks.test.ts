import { expect, test } from 'vitest'
import { trier } from '../testing.ts'
import { blocks } from './index.ts'

const run = trier(blocks)

test('mnist-convolution', async () => {
  const { number, files } = await run('mnist-convolution')
  expect(number('epoch 2: loss')).toBeLessThan(number('epoch 1: loss'))
  expect(number('test accuracy', 1)).toBeGreaterThan(55)
  expect(files).toEqual(['maps.png'])
})

test('sparse-convolution', async () => {
  const { said } = await run('sparse-convolution')
  expect(said).toContain('207 of 784 windows have something in them')
  expect(said).toContain('[ 1, 8, 28, 28 ] as a dense one: true\nand it learns: true')
  expect(said).toMatch(/SparseTensor2d\(sites=116,.*\)\nthe same: true$/)
})

test('self-attention', async () => {
  const { said, files } = await run('self-attention')
  expect(said).toBe('[ 2, 10, 64 ]\nweights: [ 2, 8, 10, 10 ] sum tensor(1.)\nas the library: true')
  expect(files).toEqual(['attention.png'])
})

test('image-tokenizer', async () => {
  const { said, files } = await run('image-tokenizer')
  expect(said).toBe(
    '[ 2, 1, 28, 28 ] -> [ 2, 16, 32 ]\npatches: [ 2, 16, 49 ] the same tokens: true',
  )
  expect(files).toEqual(['patches.png'])
})

test('simple-diffusion', async () => {
  const { number, files } = await run('simple-diffusion')
  expect(number('left of the digit at last: tensor(')).toBeLessThan(0.01)
  expect(number('step 800: loss')).toBeLessThan(0.4)
  // Noise of two dimensions has the radius 1.25 ± 0.66.
  expect(Math.abs(number('radius of the samples') - 1)).toBeLessThan(0.15)
  expect(number('±')).toBeLessThan(0.4)
  expect(files).toEqual(['forward.png', 'ring.png'])
})

test('dilated-convolution', async () => {
  const { said, files } = await run('dilated-convolution')
  expect(said).toContain('dilation 1: [ 1, 8, 32, 32 ] from windows of [ 3, 3 ]')
  expect(said).toContain('dilation 4: [ 1, 8, 32, 32 ] from windows of [ 9, 9 ]')
  expect(said).toMatch(/three layers see 225 pixels, \[ 15, 15 \]$/)
  expect(files).toEqual(['seen.png'])
})
