import { expect, test } from 'vitest'
import { trier } from '../testing.ts'
import { visionTransformers } from './index.ts'

const run = trier(visionTransformers)

test('vit-with-transformer', async () => {
  const { said } = await run('vit-with-transformer')
  expect(said).toBe(
    '[ 2, 1, 28, 28 ] -> [ 2, 10 ]\nas @flambeau/vision-models has it: true\nimages apart: true',
  )
})

test('vit-by-hand', async () => {
  const { said } = await run('vit-by-hand')
  expect(said).toBe(
    '[ 1, 3, 32, 32 ] -> [ 1, 1000 ]\n116,008 parameters\nas @flambeau/vision-models has it: true',
  )
})

test('transfer-learning', async () => {
  const { number } = await run('transfer-learning')
  expect(number('digits 0 to 4')).toBeGreaterThan(90)
  expect(number('parameters that learn')).toBe(425)
  const [learnt, fresh] = [number('on the old body'), number('on a body that learnt nothing')]
  expect(learnt).toBeGreaterThan(fresh + 10)
})
