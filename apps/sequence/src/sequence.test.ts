import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { adding } from './adding.ts'
import { program } from './command-line.ts'
import { gradients } from './gradients.ts'

let out: string
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'flambeau-sequence-'))
})
afterAll(() => rmSync(out, { recursive: true }))

const silent = (): void => {}

test('LSTM and TCN solve the adding problem, the plain network does not', () => {
  const results = adding({ out, seed: 0, effort: 0.4 }, silent, 30)
  expect(results.map(({ model, shown }) => [model, shown])).toEqual([
    ['RNN', true],
    ['LSTM', true],
    ['TCN', true],
  ])
  expect(existsSync(join(out, 'adding.png'))).toBe(true)
})

test('gradients reach further in an LSTM', () => {
  const [rnn, , open] = gradients({ out, seed: 0, effort: 1 }, silent)
  expect([rnn?.shown, open?.shown]).toEqual([true, true])
  expect(existsSync(join(out, 'gradients.png'))).toBe(true)
})

test('the command line', async () => {
  const run = async (...args: string[]): Promise<string> => {
    const said: string[] = []
    await program((text) => said.push(text)).parseAsync(['node', 'sequence', ...args])
    return said.join('\n')
  }
  const said = await run('all', '--out', out, '--effort', '0.002')
  for (const row of [
    'copy | Seq2Seq',
    'reversal | Transformer',
    'names in sentences | BiLSTM-CRF',
    'forecast of 24 hours | GRU with weather and calendar',
  ]) {
    expect(said).toContain(`| ${row} |`)
  }
  // After a few steps nothing is learnt, and that is said.
  expect(said).toMatch(/copy \| Seq2Seq \| \d\.\d % \| no/)
  expect(said).toContain('not everything was shown')
  expect(existsSync(join(out, 'forecast.png'))).toBe(true)
  await expect(run('copy', '--effort', '2')).rejects.toThrow(/at most 1/)
  await expect(run('copy', '--out')).rejects.toThrow(/argument missing/)
})
