import { expect, test } from 'vitest'
import { trier } from '../testing.ts'
import { sequences } from './index.ts'

const run = trier(sequences)

test('recurrent-cell', async () => {
  const { said, number, files } = await run('recurrent-cell')
  expect(said).toMatch(/state after 20 steps: \[ 8, 1 \] tensor/)
  expect(said).toContain('as nn.RNNCell: true')
  expect(number('by the first')).toBeLessThan(1e-4 * number('gradient by the last step'))
  expect(files).toEqual(['gradients.png'])
})

test('lstm-cell', async () => {
  const { said } = await run('lstm-cell')
  expect(said).toBe('short memory: [ 8, 1 ] long memory: [ 8, 1 ]\nas nn.LSTMCell: true true')
})

test('attention-masks', async () => {
  const { said, files } = await run('attention-masks')
  expect(said).toContain('the first word sees tensor([1., 0., 0., 0., 0.])')
  expect(said).toContain('cross-attention: [ 1, 5, 16 ] weights [ 1, 5, 7 ]\nas the library: true')
  expect(files).toEqual(['cross.png', 'self.png'])
})

test('word-counts', async () => {
  const { said } = await run('word-counts')
  expect(said).toContain("[ '深度学习', '改变', '世界' ]\n[ 'cat', 'dog', 'sat', 'saw', 'the' ]")
  expect(said).toContain('one-hot: [ [ 0, 1, 0, 0, 0 ] ]')
  // ln(3 / 2), and 0 for the word that is in every text.
  expect(said).toContain('idf: tensor([0.4055, 0.4055, 0.4055, 1.0986, 0.0000])')
  expect(said).toContain('tf-idf: tensor([[0.1352, 0.0000, 0.1352, 0.0000, 0.0000],')
})
