import { existsSync, readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { runWithin } from '../lib/exec.mjs'

const node = process.execPath
vi.spyOn(process.stdout, 'write').mockImplementation(() => true)

test('a program that ends in time gives its status and what it printed', async () => {
  /** @type {string[]} */
  const seen = []
  const program = 'console.log("out"); console.error("err"); process.exit(3)'
  const { code, output } = await runWithin(node, ['-e', program], 60, (text) => seen.push(text))
  expect(code).toBe(3)
  expect(output.split('\n').toSorted()).toEqual(['', 'err', 'out'])
  expect(seen.at(-1)).toBe(output)
})

test('a program that does not end is ended with what it has started', async () => {
  const { code, output } = await runWithin('sh', ['-c', 'sleep 1000 & echo $!; wait'], 3)
  expect([code, Number(output) > 0]).toEqual([null, true])
  // A process that has ended stays as a zombie until somebody asks for its status.
  const isGone = () => {
    const stat = `/proc/${output.trim()}/stat`
    return !existsSync(stat) || /\) Z /.test(readFileSync(stat, 'utf8'))
  }
  await vi.waitFor(() => expect(isGone()).toBe(true), { timeout: 20_000 })
}, 60_000)

test('a program that is not there, or that a signal ends, is told apart', async () => {
  expect(await runWithin('no-such-program', [], 60)).toMatchObject({ code: 127 })
  const { code, output } = await runWithin(node, ['-e', 'process.kill(process.pid, "SIGTERM")'], 60)
  expect([code, /ended by SIGTERM/.test(output)]).toEqual([-1, true])
})
