/** What a token costs that is decoded with a cache. */
import { noGrad } from '@flambeau/autograd'
import { arange, manualSeed, profiler, zeros } from '@flambeau/core'
import { expect, it } from 'vitest'
import { GPT } from './index.ts'

it('is the same at length 16 and 256, but for the attention to what was before', () => {
  manualSeed(0)
  const size = { vocabSize: 65, dim: 96, depth: 2, heads: 3, contextLength: 300 }
  const net = new GPT(size).eval()
  const cache = net.cache(1)
  const token = zeros([1, 1], { dtype: 'int64' })
  /** Operations of one token behind `length` others. */
  const operations = (length: number): readonly profiler.ProfilerEvent[] =>
    noGrad(() => {
      cache.reset()
      net(arange(length).remainder(65).unsqueeze(0), cache)
      const seen = profiler.profile(() => net(token, cache), { recordShapes: true })
      // Slices are views: they move nothing.
      return seen.events().filter(({ name }) => name !== 'slice')
    })
  const [early, late] = [operations(16), operations(256)]
  expect(late.map(({ name }) => name)).toEqual(early.map(({ name }) => name))
  const grown = late.filter(({ bytes }, i) => bytes !== early[i]?.bytes)
  // Keys and values of one more token for each that was before, of float32, in each block.
  expect(grown.map(({ name }) => name)).toEqual(
    Array.from({ length: size.depth }, () => 'scaledDotProductAttention'),
  )
  const sum = (events: readonly profiler.ProfilerEvent[]): number =>
    events.reduce((total, { bytes }) => total + bytes, 0)
  expect(sum(late) - sum(early)).toBe(size.depth * 2 * (256 - 16) * size.dim * 4)
})
