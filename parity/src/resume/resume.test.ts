import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { manualSeed } from '@flambeau/core'
import { loadCheckpoint, saveCheckpoint } from '@flambeau/data'
import { AdamW, SGD } from '@flambeau/optim'
import { afterAll, describe, expect, it } from 'vitest'
import { begin, continueAt, resultOf, run, STEPS, treeOf } from './training.ts'

const folder = mkdtempSync(join(tmpdir(), 'resume-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const straight = begin()
await run(straight)
// As it would be in a file.
const expected = JSON.parse(JSON.stringify(resultOf(straight))) as { losses: number[] }

describe('a training that goes on from a checkpoint', () => {
  it('learns something, so that there is something to compare', () => {
    const { losses } = expected
    expect(losses).toHaveLength(STEPS)
    const mean = (list: number[]): number => list.reduce((sum, x) => sum + x, 0) / list.length
    expect(mean(losses.slice(-6))).toBeLessThan(0.9 * mean(losses.slice(0, 6)))
  })

  it.each(Array.from({ length: STEPS }, (_, i) => i + 1))(
    'ends with the same bits, saved after step %i',
    async (at) => {
      const path = join(folder, `step-${at}`)
      await run(begin(), (training) => {
        if (training.step === at) saveCheckpoint(path, treeOf(training))
      })
      const training = begin()
      manualSeed(99)
      continueAt(training, loadCheckpoint(path, training.parts))
      expect(training.step).toBe(at)
      await run(training)
      expect(JSON.parse(JSON.stringify(resultOf(training)))).toEqual(expected)
    },
  )

  it.each(['0', '2'])(
    'ends with the same bits after being killed, with %s workers',
    async (workers) => {
      const own = join(folder, `killed-${workers}`)
      // Killed wherever it happens to be after these steps, also while saving.
      for (const at of workers === '0' ? [5, 14] : [9]) {
        expect(await start(own, workers, at)).toBe('SIGKILL')
        expect(readdirSync(own)).not.toContain('result.json')
      }
      expect(await start(own, workers)).toBe(null)
      expect(JSON.parse(readFileSync(join(own, 'result.json'), 'utf8'))).toEqual(expected)
      const files = readdirSync(own).filter((name) => name.startsWith('checkpoint-'))
      expect(files.length).toBeGreaterThanOrEqual(2)
      expect(files.length).toBeLessThanOrEqual(4)
    },
    120_000,
  )

  it('refuses other models and optimizers, and says which', () => {
    const path = join(folder, 'step-3')
    const { model, optimizer } = begin().parts
    const sgd = new SGD(model.parameters(), { lr: 1 })
    expect(() => loadCheckpoint(path, { optimizer: sgd })).toThrow(
      /'optimizer' does not fit: it was saved from a AdamW and is to go into a SGD/,
    )
    const less = new AdamW([...model.parameters()].slice(1))
    expect(() => loadCheckpoint(path, { optimizer: less })).toThrow(
      /'optimizer' does not fit: .*6 parameters in the state and 5 here/s,
    )
    expect(() => loadCheckpoint(path, { model: optimizer })).toThrow(/from a Sequential/)
    const first = [...model.children()][0] as typeof model
    expect(() => loadCheckpoint(path, { model: first }, { strict: false })).toThrow(
      /'model' does not fit: .*missing: weight, bias/s,
    )
  })
})

/** Runs the training in a process of its own, to be killed after a step; gives the signal that ended it. */
async function start(own: string, workers: string, at = Infinity): Promise<string | null> {
  const program = fileURLToPath(new URL('training.ts', import.meta.url))
  const child = spawn(
    process.execPath,
    ['--conditions=@flambeau/source', '--import', 'tsx', program, own, workers],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  child.stdout.on('data', (text: Buffer) => {
    if (
      text
        .toString()
        .trim()
        .split('\n')
        .some((line) => Number(line) >= at)
    )
      child.kill('SIGKILL')
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      if (code === 0 || signal !== null) resolve(signal)
      else reject(new Error(`the training ended with code ${code}`))
    })
  })
}
