import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eye, manualSeed, zeros } from '@flambeau/core'
import { imageInfo } from '@flambeau/data'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program } from './command-line.ts'
import { everyDigit, mosaic } from './drawing.ts'
import { frechetDistance } from './judge.ts'

const run = async (...args: string[]): Promise<string[]> => {
  const said: string[] = []
  await program((text) => said.push(text)).parseAsync(['node', 'diffusion', ...args])
  return said
}

let out: string
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'flambeau-diffusion-'))
})
afterAll(() => rmSync(out, { recursive: true }))

describe('a small run', () => {
  test('trains, is judged, and draws', { timeout: 240_000 }, async () => {
    manualSeed(0)
    const judge = ['--judge-images', '5000']
    const small = [...judge, '--images', '128', '--width', '8', '--steps', '20', '--epochs', '1']
    const said = await run('train', '--out', out, ...small)
    expect(said.join('\n')).toMatch(/the judge reads [89]\d\.\d\d % of real test digits/)
    expect(said.at(-1)).toMatch(/recognised \d+\.\d\d % of 200 drawn digits/)
    for (const file of ['model.safetensors', 'metrics.json', 'loss.png', 'epoch-001.png']) {
      expect([file, existsSync(join(out, file))]).toEqual([file, true])
    }
    await run('train', '--out', out, ...small, '--epochs', '2', '--resume')
    expect(existsSync(join(out, 'epoch-002.png'))).toBe(true)
    for (const method of ['ddim', 'ddpm']) {
      await run('sample', '--out', out, '--digits', '31', '--method', method, '--steps', '4')
    }
    const gif = await imageInfo(join(out, 'reverse.gif'))
    expect([gif.width, gif.height]).toEqual([59, 30])
  })

  test('refuses what it cannot do', async () => {
    await expect(run('sample', '--out', join(out, 'nowhere'))).rejects.toThrow(/model\.safetensors/)
    await expect(run('train', '--epochs', 'many')).rejects.toThrow(/whole number from 1 up/)
    await expect(run('sample', '--method', 'magic')).rejects.toThrow(/Allowed choices/)
  })
})

test('digits stand in a grid with borders', () => {
  expect(everyDigit(2).narrow(0, 0, 4).tolist()).toEqual([0, 0, 1, 1])
  expect(mosaic(zeros([3, 1, 4, 4]), 2).shape).toEqual([1, 11, 11])
})

test('the distance is that of the formula', () => {
  const a = { mean: zeros([3]).double(), covariance: eye(3).double() }
  const b = { mean: zeros([3]).double().add(2), covariance: eye(3).double().mul(4) }
  expect(frechetDistance(a, a)).toBeCloseTo(0, 8)
  expect(frechetDistance(a, b)).toBeCloseTo(3 * 4 + 3 * (1 + 4 - 2 * 2), 8)
})
