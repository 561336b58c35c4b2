import { expect, test } from 'vitest'
import type { AddonPlace } from '../native-file.ts'
import type { Native } from './findings.ts'
import { installedPackages, judge, size, tryNative } from './findings.ts'
import type { Machine } from './machine.ts'
import { cpuQuota, lookAtMachine, memoryLimit } from './machine.ts'
import { doctor } from './main.ts'
import { show, wrap } from './show.ts'

const machine: Machine = {
  platform: 'linux',
  arch: 'x64',
  glibc: '2.36',
  node: '22.1.0',
  engine: null,
  kernel: '6.1',
  processor: 'A processor',
  threads: { all: 8, usable: 8 },
  cores: 4,
  quota: null,
  caches: [{ name: 'L1', bytes: 49152 }],
  features: ['SSE4.2', 'AVX2'],
  memory: { total: 16 * 2 ** 30, available: 8 * 2 ** 30, limit: null },
  hugePages: 'madvise',
  nvidia: null,
}
const place: AddonPlace = { kind: 'package', path: '/modules/flambeau.node' }
const native: Native = {
  place,
  bytes: 2 ** 24,
  trial: {
    threads: 4,
    kernels: 300,
    about: {
      level: 'v3',
      onednn: '2.6.3',
      onednnOrigin: 'built in',
      onednnIsa: 'AVX2',
      openblas: 'OpenBLAS 0.3.21 DYNAMIC_ARCH',
      openblasCore: 'Haswell',
    },
    gigaflops: 99.6,
  },
}
const packages = { '@flambeau/core': '0.1.0', '@flambeau/nn': '0.1.0' }

const find = (findings: ReturnType<typeof judge>, name: string): unknown =>
  findings.find((finding) => finding.name === name)

test('a machine where all is well', () => {
  const findings = judge(machine, native, packages, {})
  expect(findings.filter(({ state }) => state !== 'good').map(({ name }) => name)).toEqual(['CUDA'])
  expect(find(findings, 'threads')).toMatchObject({ value: '4: one for each core' })
  expect(find(findings, 'trial')).toMatchObject({ value: expect.stringContaining('100 GFLOP/s') })
  expect(find(findings, 'installed')).toMatchObject({ value: 'core, nn (0.1.0)' })
})

test.each([
  ['huge pages', { hugePages: 'never' }, 'note', /madvise/],
  ['instructions', { features: ['SSE4.2'] }, 'warning', /CPU type "host"/],
  ['memory', { memory: { ...machine.memory, limit: 2 ** 28 } }, 'warning', /smaller batches/],
  ['Node.js', { node: '18.2.0' }, 'error', /newer Node/],
  ['platform', { glibc: null }, 'note', /musl/],
])('%s may want something', (name, change, state, remedy) => {
  const findings = judge({ ...machine, ...change }, native, packages, {})
  expect(find(findings, name)).toMatchObject({ state, remedy: expect.stringMatching(remedy) })
})

test('another engine is named', () => {
  const bun = { ...machine, engine: 'Bun 1.4.5' }
  expect(find(judge(bun, native, packages, {}), 'Node.js')).toMatchObject({
    value: 'Bun 1.4.5, as 22.1.0',
    state: 'good',
  })
})

test('other things that are worth a line', () => {
  const cgroup = { ...machine, quota: 1.5 }
  const two: Native = { ...native, trial: { ...native.trial!, threads: 2 } }
  expect(find(judge(cgroup, two, packages, {}), 'threads')).toMatchObject({
    value: '2: this container may use 1.5 processors',
  })
  expect(find(judge(machine, native, packages, { FLAMBEAU_ISA: 'v3' }), 'loops')).toMatchObject({
    state: 'note',
  })
  const mixed = judge(machine, native, { ...packages, '@flambeau/nn': '0.2.0' }, {})
  expect(find(mixed, 'installed')).toMatchObject({ state: 'warning' })
  const gpu = judge(
    { ...machine, nvidia: '550.1' },
    native,
    { ...packages, '@flambeau/cuda-backend': '0.1.0' },
    {},
  )
  expect(find(gpu, 'CUDA')).toMatchObject({ state: 'good' })
})

test('an addon that is missing or broken', () => {
  const trouble = { rule: 'it is not there', fix: 'build it' }
  const missing = judge(machine, { trouble }, packages, {})
  expect(find(missing, 'addon')).toMatchObject({ state: 'error', remedy: 'build it' })
  const broken = judge(machine, { place, bytes: 1, trouble }, packages, {})
  expect(find(broken, 'loading')).toMatchObject({ state: 'error', value: 'it is not there' })
  expect(show(broken, { colours: false, width: 80 })).toContain('flambeau cannot run here')
})

test('limits of containers', () => {
  expect([cpuQuota('max 100000'), cpuQuota('150000 100000'), cpuQuota(null)]).toEqual([
    null,
    1.5,
    null,
  ])
  expect([memoryLimit('max'), memoryLimit('1048576'), memoryLimit(null)]).toEqual([
    null,
    1048576,
    null,
  ])
})

test('texts fit the terminal', () => {
  expect(wrap('a long line of many words here', 20)).toEqual(['a long line of many', 'words here'])
  expect(size(1536)).toBe('1.5 KiB')
  expect(size(48 * 1024)).toBe('48 KiB')
  const text = show(judge(machine, native, packages, {}), { colours: false, width: 60 })
  expect(text).toContain('flambeau is ready')
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60)
  expect(show(judge(machine, native, packages, {}), { colours: true, width: 60 })).toContain(
    '\x1b[32m✓',
  )
})

test('this machine, and the program', async () => {
  const here = await tryNative(lookAtMachine())
  expect(here.trouble).toBeUndefined()
  expect(here.trial?.gigaflops).toBeGreaterThan(0)
  expect(installedPackages(import.meta.dirname)).toHaveProperty('@flambeau/core-linux-x64-gnu')
  const said: string[] = []
  const run = (...args: string[]): Promise<number> =>
    doctor(
      args,
      (text) => said.push(text),
      (text) => said.push(text),
    )
  expect(await run('--json')).toBe(0)
  expect(JSON.parse(said.join(''))).toMatchObject({ works: true, machine: { arch: process.arch } })
  expect(await run('--help')).toBe(0)
  expect(await run('--colour')).toBe(2)
  expect(said.at(-1)).toContain("Unknown option '--colour'")
})
