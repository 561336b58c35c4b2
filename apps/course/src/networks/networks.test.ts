import { expect, test } from 'vitest'
import { trier } from '../testing.ts'
import { networks } from './index.ts'

const run = trier(networks)

test('correlation', async () => {
  const { said, number, files } = await run('correlation')
  expect(said).toContain('tensor([[ 0.,  1.,  0.,  0.,  0., -1.,  0.],')
  expect(said).toContain('the layer: [ 6, 7 ] 2 parameters')
  expect(number('step 20, loss')).toBeLessThan(1e-3 * number('step 2, loss'))
  const kernel = said
    .split('learnt:')[1]
    ?.match(/-?\d\.\d+/g)
    ?.map(Number) as [number, number]
  expect(kernel[0]).toBeCloseTo(1, 1)
  expect(kernel[1]).toBeCloseTo(-1, 1)
  expect(files).toEqual(['edges.png', 'picture.png'])
})

test('channels', async () => {
  const { said } = await run('channels')
  expect(said).toContain('tensor([[ 56.,  72.],\n        [104., 120.]])\n[ 3, 2, 2 ]')
  expect(said).toMatch(/as the library: true$/)
})

test('pooling-by-hand', async () => {
  const { said } = await run('pooling-by-hand')
  expect(said).toContain('tensor([[4., 5.],\n        [7., 8.]])')
  expect(said).toContain('tensor([[2., 3.],\n        [5., 6.]])\ntensor([[[[10.]]]])')
  expect(said).toMatch(/by one as by hand: true$/)
})

test('lenet', async () => {
  const { said, number, files } = await run('lenet')
  expect(said).toContain('Parameters     61,706')
  expect(number('accuracy')).toBeGreaterThan(60)
  expect(files).toEqual(['confusion.png', 'kernels.png', 'loss.png', 'maps.png'])
})

test('alexnet', async () => {
  const { said } = await run('alexnet')
  expect(said).toMatch(/conv1: Conv2d +\[1, 96, 54, 54\] +11,712/)
  expect(said).toMatch(/flatten: Flatten +\[1, 6400\]/)
  expect(said).toMatch(/\n\[ 1, 10 \]$/)
})

test('vgg', async () => {
  const { said } = await run('vgg')
  expect(said.match(/Sequential \[ 1, \d+, (\d+), \1 \]/g)).toEqual([
    'Sequential [ 1, 4, 112, 112 ]',
    'Sequential [ 1, 8, 56, 56 ]',
    'Sequential [ 1, 16, 28, 28 ]',
    'Sequential [ 1, 32, 14, 14 ]',
    'Sequential [ 1, 32, 7, 7 ]',
  ])
  expect(said).toMatch(/Linear +\[ 1, 10 \]$/)
})
