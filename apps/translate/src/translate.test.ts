import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { tensor } from '@flambeau/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program } from './command-line.ts'
import { build } from './model.ts'
import type { Language } from './pairs.ts'
import { corpus, LANGUAGES, unaccented, wordsOf } from './pairs.ts'

let out: string
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'flambeau-translate-'))
})
afterAll(() => rmSync(out, { recursive: true }))

const run = async (args: string[], typed = ''): Promise<string> => {
  const said: string[] = []
  const one = program((text) => said.push(text), Readable.from([typed]))
  await one.parseAsync(['node', 'translate', ...args, '--out', out])
  return said.join('\n')
}

describe('the pairs', () => {
  test('are English, and the same in each language', async () => {
    const languages = Object.keys(LANGUAGES) as Language[]
    const all = await Promise.all(languages.map((to) => corpus(to, 20)))
    for (const { train, heldOut } of all) {
      expect(train.length).toBeGreaterThan(10_000)
      expect(heldOut.length).toBeGreaterThan(400)
      const english = new Set(train.map(([source]) => source.toLowerCase()))
      expect(heldOut.filter(([source]) => english.has(source.toLowerCase()))).toEqual([])
      for (const [source] of [...train, ...heldOut]) expect(source).toMatch(/^[^ÆÇËÏÑØÜæçëïñøµÿ]*$/)
    }
    const find = (to: Language, text: string): string | undefined =>
      all[languages.indexOf(to)]?.train.find(([source]) => source === text)?.[1]
    expect(find('fr', 'Select Version')).toBe('Sélectionner la version')
    expect(find('de', 'The terminal context menu')).toBe('Das Kontextmenü des Terminals')
    expect(find('zh', 'Makes a color lighter.')).toBe('使颜色变浅。')
  })

  test('are cut into words, numbers and signs', () => {
    expect(unaccented('§ëlëçt ßøx')).toBe('Select Box')
    expect(wordsOf("l'été {0}, 文件 A1.")).toEqual([
      ...['l', "'", 'été', '{', '0', '}', ',', '文', '件', 'A1', '.'],
    ])
  })
})

describe.each(['transformer', 'seq2seq'] as const)('%s', (model) => {
  const small = ['--pairs', '160', '--width', '16', '--vocab-size', '400', '--words', '5']
  const train = ['train', '--model', model, ...small, '--beam-size', '2']

  test(
    'is trained, goes on, translates and shows where it looks',
    { timeout: 60_000 },
    async () => {
      const first = await run([...train, '--epochs', '1'])
      expect(first).toMatch(/English to French: 160 pairs, 16 held out, 400 tokens/)
      expect(first).toMatch(/BLEU \d+\.\d\d with beams of 2/)
      const more = await run([...train, '--epochs', '2', '--resume'])
      expect(more).toContain('epoch 2: BLEU')
      expect(more).not.toContain('epoch 1: BLEU')
      const folder = join(out, `${model}-fr`)
      const metrics = JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8')) as {
        loss: number
      }[]
      expect(metrics[1]?.loss).toBeLessThan(metrics[0]?.loss as number)
      expect(existsSync(join(folder, 'curves.png'))).toBe(true)

      const picture = join(out, `${model}.svg`)
      const one = await run(['text', '--model', model, 'Open', 'file', '--attention', picture])
      expect(readFileSync(picture, 'utf8')).toContain('>Open file</text>')
      const typed = await run(['text', '--model', model], 'Open file\n\nnot read\n')
      expect(typed).toBe(`English to French; an empty line ends.\n  ${one}`)
    },
  )

  test('looks everywhere in the text, and nowhere else', () => {
    const sizes = { kind: model, to: 'fr', width: 16, depth: 1, dropout: 0.5 } as const
    const net = build(sizes, 30)
    net.module.eval()
    const weights = net.attention(tensor([[5, 6, 7, 2]]), tensor([[8, 9, 2]]))
    expect(weights.shape).toEqual([3, 4])
    for (const sum of weights.sum(1).tolist() as number[]) expect(sum).toBeCloseTo(1, 5)
  })
})

test('says what is wrong', async () => {
  await expect(run(['text', '--to', 'de', 'Open'])).rejects.toThrow(/model\.safetensors/)
  await expect(run(['text', '--to', 'elvish', 'Open'])).rejects.toThrow(/Allowed choices/)
  await expect(run(['train', '--dropout', '1'])).rejects.toThrow(/below 1/)
})
