/** Machines on which no GPU can be used: one sentence says why, and the processor does its work. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { addonPlaces, brokenAddon, missingAddon } from '@flambeau/core/internal'
import { describe, expect, it } from 'vitest'
import { ADDON } from './native.ts'
import { runChild } from './testing/child.ts'

const REPORT = `
const attempt = (body) => {
  try {
    return body()
  } catch (error) {
    return [error.constructor.name, error.rule, error.fix]
  }
}
console.log(JSON.stringify({
  available: cuda.isAvailable(),
  count: cuda.deviceCount(),
  reason: cuda.unavailableReason(),
  known: core.isDeviceAvailable('cuda'),
  made: attempt(() => core.ones([2], { device: 'cuda' })),
  moved: attempt(() => core.ones([2]).to('cuda:0')),
  asked: attempt(() => cuda.memoryAllocated()),
  sum: core.ones([3]).sum().item(),
}))`

interface Report {
  available: boolean
  count: number
  reason: string | null
  known: boolean
  made: [string, string, string]
  moved: [string, string, string]
  asked: [string, string, string]
  sum: number
}

function report(env: Record<string, string | undefined>): Report {
  const { code, output, complaints } = runChild(REPORT, env)
  expect(complaints).toBe('')
  expect(code).toBe(0)
  return JSON.parse(output) as Report
}

function withoutGpu(env: Record<string, string | undefined>): string {
  const found = report(env)
  expect(found).toMatchObject({ available: false, count: 0, known: false, sum: 3 })
  const reason = found.reason as string
  expect(reason).not.toContain('\n')
  for (const [name, rule] of [found.made, found.moved]) {
    expect(name).toBe('DeviceError')
    expect(rule).toBe(reason)
  }
  expect(found.asked[0]).toBe('DeviceError')
  expect(`${found.asked[1]}; ${found.asked[2]}`).toBe(reason)
  return reason
}

describe('without a GPU', () => {
  it('there is no driver', () => {
    expect(withoutGpu({ FLAMBEAU_EMULATED_DRIVER: 'none' })).toBe(
      'there is no NVIDIA driver: the library libcuda.so.1 was not found; install the driver of the GPU; in a container, start it with access to the GPUs (docker run --gpus all)',
    )
  })

  it('the driver is too old', () => {
    expect(withoutGpu({ FLAMBEAU_EMULATED_DRIVER: 'old' })).toBe(
      'the NVIDIA driver is too old: it supports CUDA 11.4, and this build of flambeau needs 13.0; update the driver: 525 or newer supports CUDA 12, 580 or newer CUDA 13',
    )
  })

  it('the driver finds no GPU', () => {
    expect(withoutGpu({ FLAMBEAU_EMULATED_DEVICES: '0' })).toBe(
      'the NVIDIA driver finds no GPU; look at what nvidia-smi says, and at the environment variable CUDA_VISIBLE_DEVICES, which may hide GPUs',
    )
  })

  it('the addon that the environment names is not there', () => {
    expect(withoutGpu({ FLAMBEAU_CUDA_NATIVE: '/nowhere/cuda.node' })).toBe(
      'there is no file /nowhere/cuda.node, which the environment variable FLAMBEAU_CUDA_NATIVE names; name an existing addon, or unset the variable',
    )
  })

  it('the addon is broken', () => {
    const folder = mkdtempSync(join(tmpdir(), 'flambeau-'))
    try {
      const path = join(folder, 'cuda.node')
      writeFileSync(path, 'not a library')
      const reason = withoutGpu({ FLAMBEAU_CUDA_NATIVE: path })
      expect(reason).toContain(
        `the native addon of @flambeau/cuda-backend ${path} could not be loaded`,
      )
      expect(reason).toContain('compile it')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('the addon', () => {
  const good = { platform: 'linux', arch: 'x64', glibc: '2.36', node: '22.1.0', engine: null }

  it('is the one that was compiled here, or that of the package', () => {
    const places = addonPlaces(good, { ...ADDON, variable: 'FLAMBEAU_TEST_UNSET' })
    expect(places.map(({ kind }) => kind)).toEqual(['source build', 'package'])
    expect(places[0]?.path).toBe(resolve(import.meta.dirname, '../prebuilt/flambeau_cuda.node'))
    expect(places[1]?.path).toMatch(/cuda-backend-linux-x64-gnu\/flambeau_cuda\.node$/)
  })

  it.each([
    [{ glibc: null }, /another C library \(musl/, /node:22-slim; or compile it where the CUDA/],
    [{ glibc: '2.31' }, /needs glibc 2\.34, and this system has 2\.31/, /newer system/],
    [{ arch: 'arm64' }, /no native addon of @flambeau\/cuda-backend is published/, /nvcc/],
    [{}, /cuda-backend-linux-x64-gnu is not installed \(looked at \/here/, /--omit=optional/],
  ])('is missing where %o, and it is said why', (facts, rule, fix) => {
    const places = [{ kind: 'source build' as const, path: '/here/flambeau_cuda.node' }]
    const advice = missingAddon({ ...good, ...facts }, places, {
      ...ADDON,
      variable: 'FLAMBEAU_TEST_UNSET',
    })
    expect(advice.rule).toMatch(rule)
    expect(advice.fix).toMatch(fix)
  })

  it('does not load where its package is for a newer system', () => {
    const place = { kind: 'package' as const, path: '/there/flambeau_cuda.node' }
    const said = "version `GLIBC_2.34' not found"
    const { rule, fix } = brokenAddon({ ...good, glibc: '2.28' }, place, said, ADDON)
    expect(rule).toContain('the native addon of @flambeau/cuda-backend /there/flambeau_cuda.node')
    expect(rule).toContain('this system has 2.28')
    expect(fix).toContain('nvcc')
  })
})

it('with GPUs, they are there', () => {
  expect(report({ FLAMBEAU_EMULATED_DEVICES: '3' })).toMatchObject({
    available: true,
    count: 3,
    reason: null,
    known: true,
    asked: 1024,
  })
})

describe('a kernel that fails', () => {
  const lost = (fault: string, body: string): string[] =>
    JSON.parse(
      runChild(
        `const said = []
         const attempt = (body) => { try { body() } catch (error) { said.push(error.message) } }
         const x = core.ones([4, 4], { device: 'cuda' })
         ${body}
         console.log(JSON.stringify(said))`,
        { FLAMBEAU_EMULATED_FAULT: fault },
      ).output,
    ) as string[]

  it('is named by all errors after it', () => {
    const said = lost(
      'softmax.cu=illegal',
      'for (const run of [() => x.softmax(0), () => x.add(1), () => cuda.synchronize()]) attempt(run)',
    )
    expect(said).toHaveLength(3)
    expect(said[0]).toMatch(
      /^softmax: cuda: a launch failed: .*cudaErrorIllegalAddress, softmax\.cu/,
    )
    expect(said[0]).toContain('CUDA_LAUNCH_BLOCKING=1 tells which one')
    for (const message of said.slice(1)) {
      expect(message).toMatch(/the first failure was: cuda: a launch failed: .*softmax\.cu:\d+\)/)
      expect(message).toContain('this process cannot use the GPU any more: start it anew')
    }
  })

  it('is told of where a library only says that something failed', () => {
    const [product] = lost('fake_library.h=illegal', 'attempt(() => x.matmul(x))')
    expect(product).toMatch(
      /cublasLtMatmul failed: execution failed \(13\): cuda: .*cannot use the GPU/,
    )
    const [images] = lost(
      'fake_library.h=illegal',
      'const y = x.view(1, 1, 4, 4); attempt(() => core.conv2d(y, y))',
    )
    expect(images).toMatch(/cudnnBackendExecute failed: .*: cuda: .*cannot use the GPU/)
  })
})
