import { getDefaultDevice, ValueError } from '@flambeau/core'
import type { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { command, computeOn, count, positive, runProgram } from './index.ts'

test('a device that is not there is named', async () => {
  process.env['FLAMBEAU_CUDA_NATIVE'] = 'nowhere.node'
  await expect(computeOn('tpu')).rejects.toThrow(/there is no device "tpu"/)
  await expect(computeOn('cuda')).rejects.toThrow(/nowhere.node/)
  await computeOn('cpu')
  expect(getDefaultDevice()).toBe('cpu')
})

test('numbers are read where they make sense', () => {
  expect([count(1)('12'), count(0)('0'), positive('1e-3')]).toEqual([12, 0, 0.001])
  for (const text of ['', ' ', '-1', '1.5', 'many', '1e400']) {
    expect(() => count(0)(text)).toThrow('It must be a whole number from 0 up.')
  }
  for (const text of ['', '0', '-1', 'NaN', 'Infinity']) {
    expect(() => positive(text)).toThrow('It must be a number above 0.')
  }
})

describe('a program', () => {
  let before: string[]
  let written: string
  beforeEach(() => {
    before = process.argv
    written = ''
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      written += String(text)
      return true
    })
  })
  afterEach(() => {
    process.argv = before
    process.exitCode = undefined
    vi.restoreAllMocks()
  })

  class OwnError extends Error {}

  const run = async (error: unknown, expected: (typeof OwnError)[] = []): Promise<void> => {
    process.argv = ['node', 'demo']
    const program = (): Command =>
      command('demo', () => {}).action(() => {
        throw error
      })
    await runProgram('demo', program, expected)
  }

  test('says what a user did wrong, without a stack', async () => {
    await run(new ValueError('fit', [], 'epochs is -1', 'give a whole number'))
    expect(written).toMatch(/^demo: fit: epochs is -1\n/)
    expect(written).not.toContain('at ')
    expect(process.exitCode).toBe(1)
  })

  test('takes files that are not there for a mistake of the user', async () => {
    await run(Object.assign(new Error('ENOENT: no such file'), { syscall: 'open' }))
    expect(written).toBe('demo: ENOENT: no such file\n')
  })

  test('shows the stack of what nobody expected', async () => {
    await run(new TypeError('x is undefined'))
    expect(written).toMatch(/^TypeError: x is undefined\n +at /)
    await run(new OwnError('mine'), [OwnError])
    expect(written).toMatch(/demo: mine\n$/)
  })

  test('ends quietly when nobody reads on', async () => {
    const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never)
    process.argv = ['node', 'demo']
    await runProgram('demo', () => command('demo', () => {}).action(() => {}))
    process.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    expect(exit).toHaveBeenCalledExactlyOnceWith(141)
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' })
    expect(() => process.stdout.emit('error', full)).toThrow('no space')
  })

  test('leaves usage to commander', async () => {
    process.argv = ['node', 'demo', '--colour']
    await runProgram('demo', () => command('demo', () => {}))
    expect(written).toMatch(/unknown option '--colour'/)
    expect(process.exitCode).toBe(1)
  })

  test('gives its help to who asks', async () => {
    const said: string[] = []
    process.argv = ['node', 'demo', '--help']
    await runProgram('demo', () => command('demo', (text) => said.push(text)).description('shows'))
    expect(said.join('\n')).toMatch(/^Usage: demo/)
    expect(process.exitCode).toBe(0)
  })
})
