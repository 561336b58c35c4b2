import { expect, test } from 'vitest'
import { trier } from '../testing.ts'
import { firstSteps } from './index.ts'

const run = trier(firstSteps)

test('matrix-product', async () => {
  const { said, number } = await run('matrix-product')
  expect(said).toMatch(/^\d+\.\d+\.\d+\nGPU: (true|false)\ncpu \d+\.\d{4} s norm/)
  // 500 × 500 numbers, each the sum of 1000 products of deviation 1.
  expect(number('norm') / Math.sqrt(500 * 500 * 1000)).toBeCloseTo(1, 1)
  if (said.includes('GPU: true')) expect(number('norm', 2)).toBe(number('norm', 1))
  else expect(said).toMatch(/There is no GPU to compare with: .{10}/)
})

test('parabola', async () => {
  const { said } = await run('parabola')
  expect(said).toBe('before: null null null\nafter: tensor(2.) tensor(1.) tensor(1.)')
})

test('line-by-hand', async () => {
  const { number, files } = await run('line-by-hand')
  // The line is y = 2 x + 3, with noise of deviation 1.
  expect(Math.abs(number('final b') - 3)).toBeLessThan(0.6)
  expect(Math.abs(number('w') - 2)).toBeLessThan(0.8)
  expect(number('error on test data')).toBeLessThan(1.5)
  expect(files).toEqual(['line.png', 'points.csv'])
})

test('layers-by-hand', async () => {
  const { said, number } = await run('layers-by-hand')
  expect(said).toContain('W1 [ 256, 784 ] b1 [ 256 ]')
  expect(number('step 20: error')).toBeLessThan(0.1 * number('step 0: error'))
  expect(number('read as')).toBe(number('label'))
})

test('mnist-squares', async () => {
  const { said, number, files } = await run('mnist-squares')
  expect(said).toContain('[ 64, 1, 28, 28 ] [ 64 ]\ntensor(-0.4242) tensor(2.8215)')
  expect(said).toContain('epoch 2 [640/3000 (21%)]\tloss: ')
  expect(number('accuracy')).toBeGreaterThan(60)
  expect(files).toEqual(['loss.png', 'read-as.png', 'sample.png'])
})

test('where-it-runs', async () => {
  const { said } = await run('where-it-runs')
  expect(said).toMatch(/^parameters: (\w+)\ndata: \1 result: \1/)
})
