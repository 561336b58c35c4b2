import { fuzzPackage } from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import { subject } from './fuzz.samples.ts'
import { serveBoard } from './index.ts'

describe('the board', () => {
  // `node scripts/fuzz.mjs --packages board --calls N --seed S` makes more calls.
  it('is served from hostile calls, or they say what to change', async () => {
    const report = await fuzzPackage(subject, { seed: 20, calls: 400 })
    expect(report.failures).toEqual([])
  })

  it.each([
    ['a folder that is no text', [7], /folder must be a string, not 7/],
    ['options that are none', ['runs', null], /options are an object, not null/],
    ['a port that is no number', ['runs', { port: '80' }], /port must be a whole number/],
    ['a port that there is not', ['runs', { port: 65536 }], /port is 65536/],
    ['a time that is none', ['runs', { intervalMs: 0 }], /intervalMs must be a whole number/],
  ])('is not served for %s', async (_what, args, message) => {
    const call = serveBoard as (...args: unknown[]) => Promise<unknown>
    await expect(call(...args)).rejects.toThrow(message)
  })
})
