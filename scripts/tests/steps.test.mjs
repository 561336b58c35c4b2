import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { run } from '../lib/exec.mjs'
import { StepError, requireSuccess, runSteps } from '../lib/steps.mjs'

/** @type {string} */
let shown

beforeEach(() => {
  shown = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    shown += text
    return true
  })
})
afterEach(() => vi.restoreAllMocks())

describe('steps', () => {
  test('that do something get a line each, the others none', async () => {
    await runSteps(
      'set-up',
      [
        { name: 'first', run: () => null },
        { name: 'second', run: async () => 'did it' },
      ],
      { verbose: false },
    )
    expect(shown).toMatch(/^ {2}second {2}did it {2}0\.\d s\n {2}set-up took 0\.\d s\n$/)
  })

  test('say nothing when all is up to date', async () => {
    await runSteps('set-up', [{ name: 'first', run: () => null }], { verbose: false })
    expect(shown).toBe('')
  })

  test('stop at a failure that names the step, the cause and the fix', async () => {
    const later = vi.fn(() => null)
    const steps = [
      {
        name: 'native build',
        run: async () => {
          const failure = await run('sh', ['-c', 'echo detail 1; echo detail 2 >&2; exit 3'])
          requireSuccess(failure, 'it does not compile', 'mend it')
          return null
        },
      },
      { name: 'later', run: later },
    ]
    const error = await runSteps('set-up', steps, { verbose: false }).catch((caught) => caught)
    expect(error).toBeInstanceOf(StepError)
    expect(error.message).toBe(
      'set-up stopped at "native build": it does not compile (exit 3)\ndetail 1\ndetail 2',
    )
    expect(error.fix).toBe('mend it')
    expect(later).not.toHaveBeenCalled()
  })

  test('report a program that does not exist or is killed', async () => {
    expect(await run('no-such-program', [])).toMatchObject({ code: 127 })
    const killed = await run('sh', ['-c', 'kill -9 $$'])
    expect(killed.code).not.toBe(0)
    expect(killed.output).toContain('killed by SIGKILL')
  })
})
