import { expect, test } from 'vitest'
import { trier } from '../testing.ts'
import { training } from './index.ts'

/** w and b of y = 2 x + 1. */
function expectLine(number: (after: string) => number): void {
  expect(Math.abs(number('w:') - 2)).toBeLessThan(0.15)
  expect(Math.abs(number('b:') - 1)).toBeLessThan(0.1)
}

const run = trier(training)

test('line-by-autograd', async () => {
  const { number, files } = await run('line-by-autograd')
  expectLine(number)
  expect(files).toEqual(['line.png'])
})

test('line-by-nn', async () => {
  const { said, number } = await run('line-by-nn')
  expect(said).toMatch(/^(cpu|cuda)\n/)
  expectLine(number)
})

test('mnist-perceptron', async () => {
  const { said, number, files } = await run('mnist-perceptron')
  expect(said.match(/epoch \d\/2, step \d0\/30, loss: \d\.\d{4}/g)).toHaveLength(6)
  expect(number('accuracy on 500 test images')).toBeGreaterThan(80)
  expect(files).toEqual(['mlp.safetensors'])
})

test('mnist-softmax', async () => {
  const { said, number, files } = await run('mnist-softmax')
  expect(said).toMatch(/\[ 64, 1, 28, 28 \] \[ 64 \] tensor\(\d\)/)
  expect(number('epoch 2: test accuracy')).toBeGreaterThan(0.65)
  expect(files).toEqual(['sample.png'])
})

test('fitting', async () => {
  const { number, files } = await run('fitting')
  const [line, mlp, large] = ['LinearRegression', 'MLP', 'MLPOverfitting'].map((name) =>
    number(`${name}: train`),
  ) as [number, number, number]
  // A line is far from any parabola; noise of deviation 5 leaves about 25.
  expect(line).toBeGreaterThan(2 * mlp)
  expect(Math.max(mlp, large)).toBeLessThan(45)
  const models = ['LinearRegression.png', 'MLP.png', 'MLPOverfitting.png']
  expect(files).toEqual([...models, 'fits.png', 'points.png'])
})

test('dropout-study', async () => {
  const { said, number, files } = await run('dropout-study')
  const tests = [...said.matchAll(/test (\S+)/g)].map(([, value]) => Number(value))
  expect(number('overfitting: train')).toBeLessThan(number('dropout: train'))
  expect(tests[0]).toBeGreaterThan(number('overfitting: train'))
  expect(tests[1]).toBeLessThan(tests[0] as number)
  expect(files).toEqual(['dropout.png'])
})

test('save-tensors', async () => {
  const { said, files } = await run('save-tensors')
  const tensors = said.match(/tensor\(.*?\)/g)
  expect(tensors).toHaveLength(6)
  expect(tensors?.slice(0, 3)).toEqual(tensors?.slice(3))
  expect(files).toEqual(['list.pt', 'names.pt'])
})

test('save-model', async () => {
  const { said, files } = await run('save-model')
  expect(said).toBe(
    [
      'parameters: true',
      'whole model: true',
      'checkpoint: epoch 1 the same loss true',
      'goes on alike: true',
    ].join('\n'),
  )
  expect(files).toEqual(['checkpoint.safetensors', 'model.pt', 'state.pt'])
})

test('three-descents', async () => {
  const { number, files } = await run('three-descents')
  for (const name of ['Batch', 'Stochastic', 'Minibatch']) {
    expect(number(`${name}: first loss`)).toBeGreaterThan(8)
  }
  expect(number('last')).toBeLessThan(3)
  expect(number('last', 2)).toBeLessThan(3)
  expect(files).toEqual(['batch.png', 'minibatch.png', 'stochastic.png'])
})

test('adagrad', async () => {
  const { said, number, files } = await run('adagrad')
  expect(number('->')).toBeLessThan(0.95 * number('loss'))
  expect(said).toContain('by hand the same: true true')
  expect(files).toEqual(['loss.png'])
})

test('optimizers', async () => {
  const { said, files } = await run('optimizers')
  const ends = [...said.matchAll(/-> (\S+)/g)].map(([, value]) => Number(value))
  expect(ends).toHaveLength(9)
  expect(Math.max(...ends)).toBeLessThan(0.5)
  expect(files).toEqual(['ways.png'])
})

test('schedules', async () => {
  const { said, number, files } = await run('schedules')
  // The values that PyTorch gives.
  expect(said).toContain('StepLR               0.1000  0.0500  0.0250  0.0125')
  expect(said).toContain('CosineAnnealingLR    0.1000  0.0854  0.0500  0.0002')
  expect(said).toContain('OneCycleLR           0.0040  0.0981  0.0766  0.0000')
  expect(number('on a plateau')).toBe(0.05)
  expect(files).toEqual(['rates.png'])
})
