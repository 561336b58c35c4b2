/** Runs a piece of a program in a process of its own. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What a process did. */
export interface Outcome {
  code: number | null
  /** What it printed. */
  output: string
  /** What it complained about. */
  complaints: string
}

/**
 * Runs an ES module, in which `cuda` and `core` are this package and core, with more environment
 * variables; undefined removes one.
 */
export function runChild(source: string, env: Record<string, string | undefined> = {}): Outcome {
  const index = new URL('../index.ts', import.meta.url).href
  const program = `import * as core from '@flambeau/core'
import { cuda } from '${index}'
${source}`
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--conditions=@flambeau/source', '--import=tsx', '--input-type=module', '--eval', program],
    {
      encoding: 'utf8',
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...process.env, ...env },
    },
  )
  return { code: status, output: stdout.trimEnd(), complaints: stderr }
}
