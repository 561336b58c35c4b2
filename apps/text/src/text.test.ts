import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConllu, sampleTreebank, writeConllu } from '@flambeau/sequence-models'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { program } from './command-line.ts'
import { drawTree, parse } from './parse.ts'

let out: string
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'flambeau-text-'))
})
afterAll(() => rmSync(out, { recursive: true }))

const run = async (...args: string[]): Promise<string[]> => {
  const said: string[] = []
  await program((text) => said.push(text)).parseAsync(['node', 'text', ...args])
  return said
}

test('parses sentences that it has not seen', () => {
  const said: string[] = []
  const sizes = { sentences: 300, epochs: 5, lr: 0.005, size: 32 }
  const options = {
    ...sizes,
    decoding: 'mst' as const,
    out,
    seed: 0,
    text: 'The girl sees a dog .',
  }
  const { uas, las, accuracy } = parse(options, (text) => void said.push(text))
  // More comes with the defaults; packages/sequence-models tests what is learnt.
  expect(uas).toBeGreaterThan(0.5)
  expect(las).toBeGreaterThan(0.35)
  expect(accuracy).toBeGreaterThan(0.85)
  expect(said[0]).toMatch(/^240 sentences to learn from, \d+ to judge by$/)
  expect(said.at(-1)!.split('\n').length).toBe(6)
  expect(readConllu(readFileSync(join(out, 'parsed.conllu'), 'utf8')).length).toBeGreaterThan(30)
})

test('reads treebanks, and draws trees', async () => {
  const [sentence] = sampleTreebank({ count: 1, seed: 4 })
  expect(drawTree(sentence!).split('\n').length).toBe(sentence!.words.length)
  const file = join(out, 'small.conllu')
  writeFileSync(file, writeConllu(sampleTreebank({ count: 12, seed: 4 })))
  const flags = ['--epochs', '1', '--size', '4', '--out', out, '--decoding', 'greedy']
  const said = await run('parse', '--train', file, '--test', file, ...flags)
  expect(said[0]).toBe('12 sentences to learn from, 12 to judge by')
  writeFileSync(file, '1\tno')
  await expect(run('parse', '--train', file)).rejects.toThrow(/line 1: 2 columns in place of 10/)
})

test('trains, saves and reads tokenizers', async () => {
  const text = join(out, 'text.txt')
  const file = join(out, 'tokenizer.json')
  writeFileSync(text, 'the cat sat on the mat\n人工智能 人工\n'.repeat(20))
  for (const model of ['bpe', 'wordpiece', 'unigram']) {
    const flags = ['--train', text, '--model', model, '--vocab-size', '300', '--save', file]
    const said = await run('tokenize', 'the cat', ...flags)
    expect(said.at(-1)).toBe('  back    the cat')
    expect(existsSync(file)).toBe(true)
    expect((await run('tokenize', 'the cat', '--tokenizer', file)).at(-2)).toBe(said.at(-2))
  }
  const said = await run('tokenize', '--tokenizer', file, '--speed', text)
  expect(said[0]).toMatch(/characters a token; millions of characters a second: \d/)
  await expect(run('tokenize', 'a')).rejects.toThrow(/no tokenizer/)
})
