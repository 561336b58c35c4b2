import { expect, test } from 'vitest'
import { trier } from '../testing.ts'
import { tensors } from './index.ts'

const run = trier(tensors)

test('tensor-types', async () => {
  const { said } = await run('tensor-types')
  expect(said).toContain('a tensor: true of float32 on cpu')
  expect(said).toMatch(/bool +tensor\(\[\[True, True, True\]/)
  expect(said).toContain('one-hot: [ [ 0, 0, 1, 0 ], [ 1, 0, 0, 0 ] ]\nembedding: [ 2, 3 ]')
})

test('dimensions', async () => {
  const { said } = await run('dimensions')
  expect(said).toMatch(/^0 0 \[\] \[\]\ntensor\(\[1\.1000\]\)\n\[ 2 \]\n/)
  expect(said).toContain('tensor([1.2000, 2.3000], dtype=float64)')
  expect(said).toContain('[ 2, 3 ] 2 3\n[ 2, 3 ] 2 3\n12\n4704')
})

test('creation', async () => {
  const { said } = await run('creation')
  expect(said).toContain('tensor([1.0000, 2.3000], dtype=float64)')
  expect(said).toContain('tensor([3., 2.])\ntensor([[0., 0.],')
})

test('default-type', async () => {
  const { said } = await run('default-type')
  expect(said).toContain('float32 float32\nfloat64 float64')
})

test('random-and-ranges', async () => {
  const { said, files } = await run('random-and-ranges')
  expect(said).toMatch(/^\[ 2, 3, 4 \] \[ 2, 3, 4 \] true true\ntrue true \[ 10 \]/)
  expect(said).toContain('tensor([ 1.0000,  3.1623, 10.0000])')
  // The labels are where the order says.
  expect(said).toMatch(/order (tensor.*)\nlabels \1$/)
  expect(files).toEqual(['normal.png'])
})

test('indexing', async () => {
  const { said } = await run('indexing')
  expect(said).toContain('[ 2, 28, 28 ]\n[ 4, 3, 14, 14 ]\n[ 2, 3, 28, 28 ]\n[ 4, 2, 28, 28 ]')
  expect(said).toMatch(/tensor\(\[1\.0826.*\]\) tensor\(\[1\.0826.*\]\)\ntensor\(\[4, 5, 8\]\)$/)
})

test('reshaping', async () => {
  const { said } = await run('reshaping')
  expect(said).toContain('a view shares its numbers: [ [ 100, 1, 2 ], [ 3, 4, 5 ] ]')
  expect(said).toContain('[ 4, 3 ] [ 32, 28, 3 ] [ 28, 32, 3 ]\ncontiguous: false true')
  expect(said).toContain('steps in memory: [ 1, 0 ] [ 3, 1 ]')
})

test('broadcasting', async () => {
  const { said } = await run('broadcasting')
  expect(said).toContain('[ [ 100, 101, 102 ], [ 203, 204, 205 ] ]')
  expect(said).toContain('shapes [4, 32, 14, 14] and [32] do not broadcast')
})

test('joining', async () => {
  const { said } = await run('joining')
  expect(said).toContain('[ [ 4, 32, 8 ], [ 4, 32, 8 ], [ 1, 32, 8 ] ]')
  expect(said).toContain('9\nthe parts again: true')
})

test('arithmetic', async () => {
  const { said } = await run('arithmetic')
  expect(said).toContain('a + b - b: true\na * b / b: true\n[ [ 6, 6 ], [ 6, 6 ] ]')
  expect(said).toContain('tensor([2.7183, 7.3891]) tensor([1., 2.])')
  expect(said).toMatch(/tensor\(0\.1400\) tensor\(3\.\)\ntrue$/)
})

test('statistics', async () => {
  const { said } = await run('statistics')
  expect(said).toContain('tensor(8.) tensor(8.) tensor(2.8284) tensor(2.8284)')
  expect(said).toContain('[ 4 ] [ 4 ] true\n[ 4, 1 ]\n[ 4, 3 ] true\ntrue\ntrue\n2 true true')
})

test('gradients', async () => {
  const { said, number, files } = await run('gradients')
  expect(said).toContain('slope at (1, 1): tensor([-46., -38.])')
  for (const place of [
    '(3.000, 2.000)',
    '(-2.805, 3.131)',
    '(-3.779, -3.283)',
    '(3.584, -1.848)',
  ]) {
    expect(number(`to ${place}`)).toBeLessThan(1e-3)
  }
  expect(files).toEqual(['himmelblau.png'])
})

test('activations', async () => {
  const { said, files } = await run('activations')
  expect(said).toContain('ReLU       [ 0, 0, 1, 100 ] slopes [ 0, 0, 1, 1 ]')
  expect(said).toContain('slopes of the first share tensor([ 0.2247, -0.1598, -0.0650])')
  expect(files).toEqual(['activations.png'])
})

test('perceptron', async () => {
  const { said } = await run('perceptron')
  expect(said).toMatch(/AND \[ 0, 0, 0, 1 \] learnt/)
  expect(said).toMatch(/OR  \[ 0, 1, 1, 1 \] learnt/)
  expect(said).toMatch(/XOR .* not learnt/)
})

test('backpropagation', async () => {
  const { said } = await run('backpropagation')
  expect(said).toMatch(/by w2:[^]* true\nby w1:[^]* true$/)
})

test('image-folder', async () => {
  const { said, files } = await run('image-folder')
  expect(said).toContain("12 pictures of [ '0', '1', '2' ]")
  expect(said).toContain('[ 12, 3, 32, 32 ] tensor([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])')
  expect(files).toEqual(['batch.png', 'pictures'])
})
