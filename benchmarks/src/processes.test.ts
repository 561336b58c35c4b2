import { describe, expect, it } from 'vitest'
import { processSide, ProcessError, pytorchVersion } from './processes.ts'
import type { Request } from './protocol.ts'

const request: Request = {
  name: 'op_add4',
  threads: 2,
  seed: 0,
  firstSteps: 0,
  samples: 3,
  seconds: 1,
  maxWait: 0.03,
  digest: false,
  dropout: true,
  variant: 'eager',
  device: 'cpu',
  precision: 'float32',
  graph: false,
}

const script = (code: string) =>
  processSide(() => ({ file: process.execPath, args: ['-e', code], env: { BENCH_TEST: 'x' } }))

describe('processSide', () => {
  it('passes the request as the last argument and reads the last RESULT line', async () => {
    const side = script(`
      const request = JSON.parse(process.argv.at(-1))
      console.log('a warning')
      console.log('RESULT ' + JSON.stringify({ samples: [[1, 0]], request, x: process.env.BENCH_TEST }))
      console.log('more')
    `)
    expect(await side(request)).toEqual({ samples: [[1, 0]], request, x: 'x' })
  })

  it.each([
    ["console.error('no such op'); process.exit(3)", 'exit status 3: no such op'],
    ["throw new TypeError('no such op')", 'exit status 1: TypeError: no such op'],
    ["process.kill(process.pid, 'SIGKILL')", 'killed by SIGKILL: it printed no error'],
    ["console.log('hello')", 'gave no samples'],
    ['console.log(\'RESULT {"samples": []}\')', 'gave no samples'],
  ])('reports a process that runs %s', async (code, message) => {
    const error: unknown = await script(code)(request).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ProcessError)
    expect((error as Error).message).toContain(message)
  })

  it('reports a program that does not exist', async () => {
    await expect(pytorchVersion('no-such-python')).rejects.toThrow('no-such-python')
  })
})
