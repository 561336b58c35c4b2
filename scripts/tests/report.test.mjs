import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { formatOutcomes, outcomeOf } from '../lib/report.mjs'

/** @type {string} */
let top

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'flambeau-report-'))
})
afterEach(() => rmSync(top, { recursive: true }))

const passed = { fullName: 'adds', status: 'passed' }
const failing = { fullName: 'multiplies', status: 'failed', failureMessages: ['expected 6, got 5'] }

/**
 * The outcome of a suite that ended with `exitCode` and left these tests in its report, if any.
 *
 * @param {number} exitCode
 * @param {object[] | null} tests
 * @param {object} [file] what the report says of the test file
 */
function suite(exitCode, tests, file = {}) {
  if (tests) {
    mkdirSync(join(top, 'packages/core/test-results'), { recursive: true })
    writeFileSync(
      join(top, 'packages/core/test-results/vitest.json'),
      JSON.stringify({
        testResults: [{ name: 'a.test.ts', status: 'passed', ...file, assertionResults: tests }],
      }),
    )
  }
  return outcomeOf(
    top,
    {
      taskId: '@flambeau/core#test',
      directory: 'packages/core',
      outputs: ['test-results/vitest.json'],
      cache: { status: 'MISS' },
      execution: { startTime: 0, endTime: 1500, exitCode },
    },
    ['> vitest run', 'Segmentation fault', ' ELIFECYCLE  Command failed'],
  )
}

describe('the summary of a test run', () => {
  test('counts the tests of a suite', () => {
    expect(suite(0, [passed, passed])).toMatchObject({ passed: 2, failed: 0, failures: [] })
    expect(suite(1, [passed, failing])).toMatchObject({ passed: 1, failed: 1 })
  })

  test('counts a suite that crashed without a report as failed and shows what it printed', () => {
    const outcome = suite(139, null)
    expect(outcome).toMatchObject({ passed: 0, failed: 1 })
    expect(outcome.failures).toEqual([
      { name: 'crashed with exit 139', message: 'Segmentation fault' },
    ])
  })

  test('counts a crash after tests that passed as failed', () => {
    expect(suite(1, [passed])).toMatchObject({ passed: 1, failed: 1 })
  })

  test('counts a file that could not be loaded as failed', () => {
    const outcome = suite(1, [], { status: 'failed', message: 'Cannot find module' })
    expect(outcome.failures).toEqual([{ name: 'a.test.ts', message: 'Cannot find module' }])
  })

  test('counts a suite that ran no test as failed, though it ended well', () => {
    expect(suite(0, [])).toMatchObject({ passed: 0, failed: 1 })
    expect(suite(0, [{ fullName: 'later', status: 'skipped' }])).toMatchObject({
      skipped: 1,
      failed: 1,
    })
  })

  test('counts a check without a report as one test', () => {
    const check = (/** @type {number} */ exitCode) =>
      outcomeOf(
        top,
        {
          taskId: '//#check:lint',
          directory: '',
          outputs: null,
          cache: { status: 'MISS' },
          execution: { startTime: 0, endTime: 1, exitCode },
        },
        ['a.ts:1: unused variable'],
      )
    expect(check(0)).toMatchObject({ passed: 1, failed: 0 })
    expect(check(1)).toMatchObject({ passed: 0, failed: 1 })
  })

  test('counts a task that never ran as failed', () => {
    const task = {
      taskId: 'a#test',
      directory: '',
      outputs: null,
      cache: { status: 'MISS' },
      execution: undefined,
    }
    expect(outcomeOf(top, task, [])).toMatchObject({ passed: 0, failed: 1 })
  })

  test('shows failures with their messages above one closing line', () => {
    const text = formatOutcomes([suite(0, [passed, passed]), suite(1, [passed, failing])])
    expect(text).toContain('FAILED core test: multiplies\n    expected 6, got 5')
    expect(text.trimEnd().split('\n').at(-1)).toBe('3 passed, 1 failed')
    expect(text.match(/\d+ passed, \d+ failed/g)).toHaveLength(1)
  })

  test('cuts long messages', () => {
    const long = {
      ...failing,
      failureMessages: [Array.from({ length: 40 }, (_, i) => `line ${i}`).join('\n')],
    }
    const text = formatOutcomes([suite(1, [long])], { messageLines: 10 })
    expect(text).toContain('line 9\n')
    expect(text).not.toContain('line 10\n')
    expect(text).toContain('… 30 more lines')
  })
})
