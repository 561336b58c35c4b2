import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { changes, entryOf, parseHistory } from '../lib/history.mjs'
import { inRepo } from '../lib/repo.mjs'

const run = { commit: 'abc', date: '2026-01-01T00:00:00.000Z', processor: '2 × A', node: '20.1.0' }
const outcome = { flambeauMs: 1.23456, ratio: 0.51239, contended: false, failure: null }

describe('an entry', () => {
  test('has what ran undisturbed, to three digits', () => {
    const report = {
      workloads: {
        mlp: outcome,
        alone: { ...outcome, ratio: null },
        disturbed: { ...outcome, contended: true },
        broken: { ...outcome, failure: 'no' },
      },
    }
    expect(entryOf(report, run)).toEqual({
      ...run,
      ratios: { mlp: 0.512 },
      milliseconds: { mlp: 1.23, alone: 1.23 },
    })
  })

  test('is not made of something else', () => {
    expect(() => entryOf({}, run)).toThrow('not from npm run bench')
    expect(() => entryOf({ workloads: {} }, run)).toThrow('no workload that ran')
  })

  test('is compared with the last of the same processor', () => {
    const of = (
      /** @type {string} */ processor,
      /** @type {Record<string, number>} */ milliseconds,
    ) => ({
      ...run,
      processor,
      ratios: {},
      milliseconds,
    })
    const history = [of('A', { a: 9 }), of('A', { a: 1, b: 1, c: 1 }), of('B', { a: 5 })]
    const now = of('A', { a: 0.5, b: 1.05, c: 1.5, d: 2 })
    expect(changes(history, now)).toEqual([
      { name: 'c', before: 1, now: 1.5 },
      { name: 'a', before: 1, now: 0.5 },
    ])
    expect(changes([], now)).toEqual([])
  })
})

test('the history can be read', () => {
  const history = parseHistory(readFileSync(inRepo('benchmarks/history.jsonl'), 'utf8'))
  expect(history.length).toBeGreaterThan(0)
  for (const entry of history) {
    expect(entry.commit).toMatch(/^[\da-f]{7,40}$/)
    expect(new Date(entry.date).toISOString()).toBe(entry.date)
    expect(Object.keys(entry.milliseconds).length).toBeGreaterThan(0)
  }
})
