/** The check of a GPU where its kernels fail: what is found is told, and what comes after it is run. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { it } from 'vitest'
import type { PartReport } from './cuda/supervise.ts'

const addon =
  process.env['FLAMBEAU_CUDA_NATIVE'] ??
  fileURLToPath(
    new URL('../../packages/cuda-backend/prebuilt-emulated/flambeau_cuda.node', import.meta.url),
  )

/** Two samples of softmax, with a fault planted in its kernels. */
async function checked(fault: string): Promise<{ code: number; text: string; report: PartReport }> {
  const folder = mkdtempSync(join(tmpdir(), 'flambeau-check-'))
  const json = join(folder, 'report.json')
  const child = spawn(
    process.execPath,
    [
      ...['--conditions=@flambeau/source', '--import=tsx'],
      fileURLToPath(new URL('cuda/check.ts', import.meta.url)),
      ...['samples', '--only', 'softmax', '--every', '30', '--json', json],
      ...['--processes', '1', '--patience', fault.endsWith('hang') ? '2' : '60'],
    ],
    { env: { ...process.env, FLAMBEAU_CUDA_NATIVE: addon, FLAMBEAU_EMULATED_FAULT: fault } },
  )
  let text = ''
  child.stdout.on('data', (data: Buffer) => (text += data.toString()))
  const code = await new Promise<number>((resolve) =>
    child.on('exit', (status) => resolve(status ?? -1)),
  )
  try {
    const { parts } = JSON.parse(readFileSync(json, 'utf8')) as {
      parts: Record<string, PartReport>
    }
    return { code, text, report: parts['samples'] as PartReport }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

it.concurrent('goes on after a kernel that makes the GPU unusable, and says which one it was', async ({
  expect,
}) => {
  const { code, text, report } = await checked('softmax.cu=illegal')
  expect(code).toBe(1)
  expect(report).toMatchObject({ cases: 2, passed: 0, left: 0 })
  expect(report.failures.map(({ op, kind }) => [op, kind])).toEqual([
    ['softmax', 'lost'],
    ['softmax', 'lost'],
  ])
  const [first] = report.failures
  expect(first?.message).toMatch(/^softmax: cuda: .*cudaErrorIllegalAddress, softmax\.cu:\d+\)/)
  expect(first?.message).toContain('input: float32 [3, 5]')
  expect(first?.alone).toMatch(/cuda: softmax\ncuda: {3}softmax\.cu:\d+ <<<1 1 1, 128 1 1, 0>>>/)
  expect(text).toContain('failed: softmax 2')
})

it.concurrent('ends a kernel that never does, and leaves its operation out', async ({ expect }) => {
  const { code, report } = await checked('softmax.cu=hang')
  expect(code).toBe(1)
  expect(report).toMatchObject({ cases: 1, passed: 0, left: 1 })
  expect(report.failures.map(({ op, kind }) => [op, kind])).toEqual([['softmax', 'hung']])
  expect(report.failures[0]?.trace).toMatch(/softmax\.cu:\d+ <<<1 1 1, 128 1 1, 0>>>$/)
})

it.concurrent('tells of results that are wrong whether they are so each time', async ({
  expect,
}) => {
  const { code, text, report } = await checked('softmax.cu=skip')
  expect(code).toBe(1)
  expect(report).toMatchObject({ cases: 2, passed: 0, left: 0 })
  expect(report.failures.every(({ kind, again }) => kind === 'failed' && again)).toBe(true)
  expect(text).toMatch(/softmax: rows: output 0: 1\d of 15 elements differ/)
})
