/**
 * Runs the native unit tests and leaves a report of the same form as vitest's:
 * node scripts/test-native.mjs [--emulated] [--sanitize]
 *
 * By default core's. --emulated: those of the CUDA backend, on an emulation of a GPU.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { run } from './lib/exec.mjs'
import { withLock } from './lib/lock.mjs'
import { buildNative, testProgram } from './lib/native.mjs'
import { inRepo } from './lib/repo.mjs'
import { runMain } from './lib/steps.mjs'

const sanitize = process.argv.includes('--sanitize')
const emulated = process.argv.includes('--emulated')
const variant = emulated
  ? sanitize
    ? 'cuda-sanitize'
    : 'cuda-emulated'
  : sanitize
    ? 'sanitize'
    : 'release'
const reports = inRepo(emulated ? 'packages/cuda-backend' : 'packages/core', 'test-results')

await runMain(async () => {
  await withLock(() => buildNative({ tests: true, verbose: false, variant }))
  const { code, output } = await run(testProgram(variant), ['--no-colors'], { verbose: true })
  const report = {
    testResults: [
      {
        name: 'native',
        status: code === 0 ? 'passed' : 'failed',
        assertionResults: results(output),
      },
    ],
  }
  mkdirSync(reports, { recursive: true })
  writeFileSync(`${reports}/native.json`, JSON.stringify(report))
  return code
})

/**
 * Reads doctest's console output: a block of text for each failed test case, and a closing count.
 *
 * @param {string} output
 */
function results(output) {
  const blocks = output.split(/^={70,}$/m)
  const failed = new Map()
  for (const block of blocks) {
    const name = block.match(/^TEST CASE:\s+(.*)$/m)?.[1]
    if (name && /ERROR:/.test(block)) failed.set(name, `${failed.get(name) ?? ''}${block.trim()}\n`)
  }
  const passed = Number(output.match(/^\[doctest\] test cases:.*?(\d+) passed/m)?.[1] ?? 0)
  return [
    ...Array.from({ length: passed }, (_, index) => ({
      fullName: `native test ${index + 1}`,
      status: 'passed',
    })),
    ...[...failed].map(([fullName, message]) => ({
      fullName,
      status: 'failed',
      failureMessages: [message],
    })),
  ]
}
