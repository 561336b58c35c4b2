import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('../testing/loader-process.ts', import.meta.url))

/** Runs the program to its end. */
function run(how: string, flags: string[] = []): Promise<{ code: number | null; out: string }> {
  const child = spawn(
    process.execPath,
    [...flags, '--conditions=@flambeau/source', '--import', 'tsx', program, how],
    { cwd: fileURLToPath(new URL('../..', import.meta.url)), timeout: 50_000 },
  )
  let out = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => (out += text.toString()))
  }
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out })))
}

describe('a process with workers', () => {
  it.each(['kept', 'dropped'])('ends by itself: %s', async (how) => {
    expect(await run(how)).toEqual({ code: 0, out: 'the end\n' })
  })

  it('ends with what the loop throws', async () => {
    const { code, out } = await run('thrown')
    expect([code, out.includes('the loop has had enough')]).toEqual([1, true])
  })

  it('outlives a worker that runs out of memory', async () => {
    const { code, out } = await run('memory', ['--max-old-space-size=80'])
    expect(out).toMatch(/worker 0 in a batch of samples 2: the worker ended: .*memory/)
    expect([code, out.endsWith('the end\n')]).toEqual([0, true])
  })
})
