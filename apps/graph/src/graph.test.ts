import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { imageInfo } from '@flambeau/data'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { classify } from './classify.ts'
import { program } from './command-line.ts'
import { karate } from './karate.ts'

let out: string
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'flambeau-graph-'))
})
afterAll(() => rmSync(out, { recursive: true }))

const run = async (...args: string[]): Promise<string[]> => {
  const said: string[] = []
  await program((text) => said.push(text)).parseAsync(['node', 'graph', ...args])
  return said
}

test('finds the factions, and draws how', async () => {
  const said: string[] = []
  const options = { out, epochs: 120, lr: 0.008, frames: 4, seed: 0 }
  const found = await karate(options, (text) => void said.push(text))
  expect(found).toBeGreaterThanOrEqual(0.95)
  expect(said[0]).toBe('karate club: 34 members, 78 friendships, 2 known labels')
  const gif = await imageInfo(join(out, 'karate.gif'))
  expect([gif.width, gif.height]).toEqual([540, 590])
  const stills = ['000', '012', '030', '060', '120'].map((n) => `karate-epoch-${n}.png`)
  for (const file of [...stills, 'karate-curves.png']) {
    expect([file, existsSync(join(out, file))]).toEqual([file, true])
  }
})

test.each(['cycles', 'motifs'] as const)('tells %s apart', (set) => {
  const options = { set, out, graphs: 300, epochs: 10, lr: 0.01, seed: 0 }
  expect(classify(options, () => undefined)).toBeGreaterThanOrEqual(0.95)
  expect(existsSync(join(out, `${set}.png`))).toBe(true)
})

test('the command line', async () => {
  const karateSaid = await run('karate', '--out', out, '--epochs', '2', '--frames', '2')
  expect(karateSaid.at(-1)).toContain('karate.gif')
  const said = await run(
    'classify',
    '--out',
    out,
    '--set',
    'cycles',
    '--graphs',
    '16',
    '--epochs',
    '1',
  )
  expect(said[0]).toBe('cycles: 16 graphs to learn from, 8 to judge by (tree, ring and tree)')
  await expect(run('classify', '--set', 'magic')).rejects.toThrow(/Allowed choices/)
  await expect(run('karate', '--epochs', '0')).rejects.toThrow(/whole number from 1 up/)
  await expect(run('karate', '--lr', '-1')).rejects.toThrow(/above 0/)
})
