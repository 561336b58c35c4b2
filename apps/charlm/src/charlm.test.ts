import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program } from './command-line.ts'
import { alphabetOf, book, piecesOf, UNKNOWN } from './text.ts'

let out: string
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'flambeau-charlm-'))
})
afterAll(() => rmSync(out, { recursive: true }))

const run = async (...args: string[]): Promise<string> => {
  const said: string[] = []
  await program((text) => said.push(text)).parseAsync(['node', 'charlm', ...args, '--out', out])
  return said.join('\n')
}

test('the book is there, in order, with its end held out', () => {
  const { train, heldOut } = book()
  expect(train).toMatch(/^Loomings\.\n\nCall me Ishmael\./)
  expect(heldOut.trimEnd()).toMatch(/only found another orphan\.$/)
  expect(heldOut.length / (train.length + heldOut.length)).toBeCloseTo(0.11, 2)
  const alphabet = alphabetOf(train)
  expect(alphabet.decode(alphabet.encode('whale: ח'))).toEqual([...Array.from('whale: '), UNKNOWN])
  const pieces = piecesOf('call me', alphabet, 3)
  const texts = (pieces.tolist() as number[][]).map((ids) => alphabet.decode(ids).join(''))
  // The last character of a piece is the first of the next: none goes unlearnt.
  expect(texts).toEqual(['call', 'l me'])
})

describe.each(['gpt', 'lstm'])('%s', (model) => {
  const small = [
    '--context',
    '32',
    '--batch-size',
    '8',
    '--share',
    '0.02',
    '--width',
    '32',
    '--depth',
    '1',
  ]

  test('learns, writes, and goes on', { timeout: 60_000 }, async () => {
    const first = await run('train', '--model', model, ...small, '--epochs', '2')
    expect(first).toContain('The whale ')
    const metrics = JSON.parse(readFileSync(join(out, model, 'metrics.json'), 'utf8')) as {
      bits: number
    }[]
    // 76 characters that are all as likely are 6.25 bits each.
    expect(metrics[1]?.bits).toBeLessThan(Math.min(5, metrics[0]?.bits as number))
    expect(existsSync(join(out, model, 'curves.png'))).toBe(true)
    const more = await run('train', '--model', model, ...small, '--epochs', '3', '--resume')
    expect(more).toContain('epoch 3: ')
    expect(more).not.toContain('epoch 1: ')

    const asked = ['--prompt', 'Ahab', '--length', '100', '--top-k', '5', '--seed', '3']
    const said = await run('generate', '--model', model, ...asked)
    expect(said.slice(0, 4)).toBe('Ahab')
    expect(Array.from(said).length).toBe(104)
    expect(await run('generate', '--model', model, ...asked)).toBe(said)
  })
})

test('says what is wrong', async () => {
  await expect(run('generate', '--model', 'gpt', '--prompt', '')).rejects.toThrow(/prompt is empty/)
  await expect(run('generate', '--temperature', '-1')).rejects.toThrow(/temperature is 0 or more/)
  await expect(run('generate', '--model', 'bert')).rejects.toThrow(/Allowed choices/)
  await expect(run('train', '--share', '2')).rejects.toThrow(/from 0 to 1/)
  const elsewhere = program(() => {}).parseAsync(['node', 'x', 'generate', '--out', `${out}/no`])
  await expect(elsewhere).rejects.toThrow(/model\.safetensors/)
})
