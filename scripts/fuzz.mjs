/**
 * Calls everything public with hostile arguments, and names the call that crashed:
 * node scripts/fuzz.mjs [--calls N] [--seed S] [--only REGEXP] [--packages operations,nn,…]
 *
 * N calls are made of the operations (core and autograd), and of each other package.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runInForeground } from './lib/exec.mjs'
import { inRepo } from './lib/repo.mjs'
import { runMain } from './lib/steps.mjs'

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '.' },
    packages: { type: 'string', default: '' },
  },
})

await runMain(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'flambeau-fuzz-'))
  const trace = join(folder, 'call.txt')
  try {
    const code = await runInForeground(process.execPath, [
      '--conditions=@flambeau/source',
      '--import',
      'tsx',
      inRepo('scripts/lib/fuzz-run.mjs'),
      values.calls,
      values.seed,
      values.only,
      trace,
      values.packages,
    ])
    if (code > 1) process.stdout.write(`crashed in ${readFileSync(trace, 'utf8').trim()}\n`)
    return code
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
