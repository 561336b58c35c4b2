import { readFileSync } from 'node:fs'
import { FlambeauError } from '@flambeau/core'
import { expect, it } from 'vitest'
import * as S from './index.ts'

/** A number below `most` that looks random, the same in each run. */
let state = 7
const next = (most: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return Math.floor((state / 2 ** 32) * most)
}

type Json = Record<string, unknown>
const golden = JSON.parse(
  readFileSync(new URL('../goldens/tokenizer-parts.json', import.meta.url), 'utf8'),
) as Record<'cases' | 'decoders', Record<string, { file: string }>>
const files = [...Object.values(golden.cases), ...Object.values(golden.decoders)]
const wrong = [null, -1, 1.5, 1e20, '', 'x', '(', [], {}, [null], true, { type: 'x' }, [[1, 2]]]

/** Puts something else in the place of a value, or takes it out. */
function damage(json: Json): void {
  let node = json
  for (let depth = 0; ; depth++) {
    const keys = Object.keys(node)
    if (keys.length === 0) return
    const key = keys[next(keys.length)] as string
    const child = node[key]
    if (typeof child === 'object' && child !== null && depth < 6 && next(4) > 0) {
      node = child as Json
      continue
    }
    if (Array.isArray(node) && next(5) === 0) node.splice(Number(key), 1)
    else if (next(5) === 0) delete node[key]
    else node[key] = wrong[next(wrong.length)]
    return
  }
}

/** Runs it. @returns Whether it was refused; any other failure is thrown. */
function refused(run: () => void): boolean {
  try {
    run()
    return false
  } catch (error) {
    if (error instanceof FlambeauError) return true
    throw error
  }
}

it('of a tokenizer.json is refused with an error of ours, or does no harm', () => {
  let count = 0
  for (let i = 0; i < 500; i++) {
    const json = JSON.parse(files[next(files.length)]!.file) as Json
    damage(json)
    const isRefused = refused(() => {
      const tokenizer = S.Tokenizer.fromJSON(JSON.stringify(json))
      const encoding = tokenizer.encode('Hello the dog, 你好 <s>', { pair: 'a😀' })
      expect(encoding.offsets.length).toBe(encoding.ids.length)
      tokenizer.decode(encoding.ids)
      JSON.stringify(tokenizer)
    })
    if (isRefused) count++
  }
  expect(count).toBeGreaterThan(200)
  expect(count).toBeLessThan(450)
})

it('of CoNLL-U is refused with an error of ours, or does no harm', () => {
  const text = S.writeConllu(S.sampleTreebank({ count: 5, seed: 1 }))
  let count = 0
  for (let i = 0; i < 500; i++) {
    const at = next(text.length)
    const put = ['', '\t', '\n', '_', '0', '9', '#', '-', '.', '\n\n', '😀'][next(11)]!
    const changed = text.slice(0, at) + put + text.slice(at + next(3))
    if (refused(() => void S.writeConllu(S.readConllu(changed)))) count++
  }
  expect(count).toBeGreaterThan(50)
  expect(count).toBeLessThan(450)
})
