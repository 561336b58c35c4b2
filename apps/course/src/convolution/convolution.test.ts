import { expect, test } from 'vitest'
import { trier } from '../testing.ts'
import { convolution } from './index.ts'

const run = trier(convolution)

test('convolution', async () => {
  const { said, files } = await run('convolution')
  expect(said).toMatch(/^\[ 1, 3, 26, 26 \]\n\[ 1, 3, 28, 28 \]\n\[ 1, 3, 14, 14 \]\ntensor/)
  expect(said).toContain('requiresGrad=true)\n[ 3, 1, 3, 3 ] [ 3 ]\n')
  expect(said).toMatch(/\[ 1, 16, 26, 26 \]\n\[ 1, 16, 28, 28 \]\n\[ 1, 16, 14, 14 \]$/)
  expect(files).toEqual(['kernels.png'])
})

test('pooling', async () => {
  const { said } = await run('pooling')
  expect(said).toBe(
    '[ 1, 16, 7, 7 ]\n[ 1, 16, 7, 7 ]\nthe mean is at most the largest: tensor(True)',
  )
})

test('upsampling', async () => {
  const { said, files } = await run('upsampling')
  expect(said).toContain('[ 1, 16, 14, 14 ]\n[ 1, 16, 21, 21 ]')
  expect(said).toContain('bicubic  [ 1, 1, 224, 224 ]')
  expect(files).toEqual(['bicubic.png', 'bilinear.png', 'nearest.png'])
})

test('relu', async () => {
  const { said } = await run('relu')
  expect(said).toBe('[ 1, 16, 7, 7 ] true\n[ 1, 16, 7, 7 ] false')
})

test('batch-norm', async () => {
  const { said } = await run('batch-norm')
  expect(said).toContain('normalized: [ 3, 28, 28 ] tensor([-2.1179, -2.0357, -1.8044])')
  expect(said).toContain('[ 100, 16, 784 ] true true')
  // A tenth of the way to the mean and the variance of uniform numbers.
  expect(said).toMatch(/\ntensor\(\[0\.0(49|50)\d, 0\.0(49|50)\d, /)
  expect(said).toMatch(/\ntensor\(\[0\.908\d, 0\.908\d, /)
  expect(said).toMatch(/\[ 1, 16, 7, 7 \] true$/)
})

test('res-block', async () => {
  const { said } = await run('res-block')
  expect(said).toBe('[ 2, 256, 32, 32 ]\n[ 2, 64, 32, 32 ]\nnothing learnt, nothing lost: true')
})

test('containers', async () => {
  const { said } = await run('containers')
  expect(said).toContain('    (0): Conv2d(1, 32, kernelSize=[5, 5], stride=[1, 1], padding=[1, 1])')
  expect(said).toContain('children: 11 modules: 13')
  expect(said).toMatch(/net\.10\.bias\n\[ 2, 64, 6, 6 \]$/)
})

test('own-layers', async () => {
  const { said } = await run('own-layers')
  expect(said).toMatch(/^\[ 5, 10 \]\n\[ 5, 2 \]\n/)
  expect(said).toMatch(
    /net\.0\.net\.w \[ 3, 4 \]\nnet\.0\.net\.b \[ 3 \]\nnet\.2\.weight \[ 2, 3 \]\nnet\.2\.bias \[ 2 \]$/,
  )
})

test('save-net', async () => {
  const { said, files } = await run('save-net')
  const [first, second] = said.match(/tensor.*/g) as [string, string]
  expect(second).toBe(first)
  expect(files).toEqual(['checkpoint.pt'])
})

test('augmentation', async () => {
  const { said, files } = await run('augmentation')
  expect(said).toBe('[ 20, 1, 28, 28 ] all of them a 5\n19 of the other 19 are different')
  expect(files).toEqual(['augmented.png'])
})
