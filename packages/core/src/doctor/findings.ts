/** What flambeau found on a machine, judged: the findings that `flambeau-doctor` shows. */
import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { AddonPlace, Advice } from '../native-file.ts'
import {
  addonPlaces,
  brokenAddon,
  findAddon,
  missingAddon,
  platformTrouble,
} from '../native-file.ts'
import type { Addon } from '../native.ts'
import type { Machine } from './machine.ts'
import { read } from './machine.ts'

/** `good`, worth knowing, slower than need be, or not working. */
export type State = 'good' | 'note' | 'warning' | 'error'

/** One line of the report. */
export interface Finding {
  section: string
  name: string
  value: string
  state: State
  /** What to do about it. */
  remedy?: string
}

/** What a trial run of the addon gave. */
export interface Trial {
  threads: number
  kernels: number
  about: Record<string, string>
  /** Billions of float32 multiplications and additions a second, in a product of 768 × 768. */
  gigaflops: number
}

/** The outcome of looking for the addon and trying it. */
export interface Native {
  place?: AddonPlace
  bytes?: number
  trouble?: Advice
  trial?: Trial
}

/** Finds the addon, loads it and computes with it. */
export async function tryNative(machine: Machine): Promise<Native> {
  const places = addonPlaces(machine)
  const place = findAddon(places)
  if (!place) return { trouble: missingAddon(machine, places) }
  const found: Native = { place, bytes: statSync(place.path).size }
  let native: Addon
  try {
    native = createRequire(import.meta.url)(place.path) as Addon
  } catch (error) {
    return { ...found, trouble: brokenAddon(machine, place, (error as Error).message) }
  }
  try {
    return { ...found, trial: await tryOut(native) }
  } catch (error) {
    const rule = `it does not work: ${(error as Error).message}`
    return { ...found, trouble: { rule, fix: 'install @flambeau/core again, or compile again' } }
  }
}

async function tryOut(native: Addon): Promise<Trial> {
  // Not before the addon is known to load.
  const { ones } = await import('../index.ts')
  const size = 768
  const a = ones([size, size])
  if (a.matmul(a).max().item() !== size) throw new Error('a product of matrices is wrong')
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < 8; i++) {
    const start = performance.now()
    a.matmul(a)
    best = Math.min(best, performance.now() - start)
  }
  return {
    threads: native.getNumThreads(),
    kernels: native.kernelNames().length,
    about: native.about(),
    gigaflops: (2 * size ** 3) / best / 1e6,
  }
}

/** Versions of the packages of flambeau that a folder's programs can import, by name. */
export function installedPackages(folder: string): Record<string, string> {
  const require = createRequire(join(folder, 'package.json'))
  const found: Record<string, string> = {}
  for (const name of PACKAGES) {
    for (const path of require.resolve.paths(name) ?? []) {
      const text = read(join(path, name, 'package.json'))
      if (text === null) continue
      found[name] = (JSON.parse(text) as { version: string }).version
      break
    }
  }
  return found
}

const CUDA = '@flambeau/cuda-backend'
const PACKAGES = [
  'core',
  'core-linux-x64-gnu',
  'autograd',
  'nn',
  'optim',
  'data',
  'trainer',
  'plot',
  'board',
  'onnx',
  'tensorboard',
  'vision-models',
  'sequence-models',
  'graph-models',
  'command-line',
  'cuda-backend',
  'cuda-backend-linux-x64-gnu',
].map((name) => `@flambeau/${name}`)

/** All findings, in the order in which they are shown. */
export function judge(
  machine: Machine,
  native: Native,
  packages: Record<string, string>,
  environment: NodeJS.ProcessEnv,
): Finding[] {
  const findings: Finding[] = []
  let section = ''
  const say = (name: string, value: string, state: State = 'good', remedy?: string): void => {
    findings.push({ section, name, value, state, ...(remedy === undefined ? {} : { remedy }) })
  }

  section = 'System'
  const trouble = platformTrouble(machine)
  const libc = machine.glibc === null ? 'no glibc' : `glibc ${machine.glibc}`
  const isOldNode = trouble?.rule.startsWith('Node.js') ?? false
  const node = machine.engine === null ? machine.node : `${machine.engine}, as ${machine.node}`
  say('Node.js', node, isOldNode ? 'error' : 'good', isOldNode ? trouble?.fix : undefined)
  say(
    'platform',
    `${machine.platform} ${machine.arch}, kernel ${machine.kernel}, ${libc}`,
    trouble && !isOldNode ? 'note' : 'good',
    trouble && !isOldNode ? `${trouble.rule}: ${trouble.fix}` : undefined,
  )

  section = 'Processor'
  say('model', machine.processor)
  const cores = machine.cores === null ? '' : `${count(machine.cores, 'core')}, `
  say('cores', `${cores}${count(machine.threads.all, 'hardware thread')}`)
  if (machine.caches.length > 0) {
    say('caches', machine.caches.map(({ name, bytes }) => `${name} ${size(bytes)}`).join(', '))
  }
  const fast = machine.features.includes('AVX2')
  say(
    'instructions',
    machine.features.join(', ') || 'unknown',
    machine.features.length === 0 || fast ? 'good' : 'warning',
    machine.features.length === 0 || fast
      ? undefined
      : 'without AVX2 most work takes several times as long; a virtual machine may be hiding it (choose the CPU type "host")',
  )

  section = 'Memory'
  const { total, available, limit } = machine.memory
  const room = limit === null ? '' : `, this container may use ${size(limit)}`
  const little = Math.min(available, limit ?? available) < 512 * 2 ** 20
  say(
    'memory',
    `${size(total)}, of which ${size(available)} available${room}`,
    little ? 'warning' : 'good',
    little ? 'close other programs, or train with smaller batches' : undefined,
  )
  if (machine.hugePages !== null) {
    const off = machine.hugePages === 'never'
    say(
      'huge pages',
      off ? 'switched off' : `on (${machine.hugePages})`,
      off ? 'note' : 'good',
      off
        ? 'large tensors are faster with them: echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled'
        : undefined,
    )
  }

  section = 'flambeau'
  judgeNative(machine, native, environment, say)

  section = 'Packages'
  judgePackages(machine, packages, say)
  return findings
}

type SayFinding = (name: string, value: string, state?: State, remedy?: string) => void

function judgeNative(
  machine: Machine,
  { place, bytes, trouble, trial }: Native,
  environment: NodeJS.ProcessEnv,
  say: SayFinding,
): void {
  if (place)
    say('addon', `${place.path} (${place.kind}, ${size(bytes ?? 0)})`, trouble ? 'error' : 'good')
  if (trouble) {
    say(place ? 'loading' : 'addon', trouble.rule, 'error', trouble.fix)
    return
  }
  if (!trial) return
  const { about } = trial
  const level = LEVELS[about['level'] ?? '']
  const named = environment['FLAMBEAU_ISA']
  say(
    'loops',
    `${trial.kernels} kernels, running as ${level ?? about['level']}`,
    level ? (named ? 'note' : 'good') : 'error',
    named ? 'the environment variable FLAMBEAU_ISA chose this; unset it for the best' : undefined,
  )
  say('threads', `${trial.threads}: ${whyThreads(machine, trial.threads)}`)
  say('products', `oneDNN ${about['onednn']} (${about['onednnOrigin']}), ${about['onednnIsa']}`)
  const openblas = /^OpenBLAS ([\d.]+)/.exec(about['openblas'] ?? '')?.[1]
  say('LAPACK', `OpenBLAS ${openblas} (built in), kernels for ${about['openblasCore']}`)
  say('trial', `a product of 768 × 768 matrices: ${Math.round(trial.gigaflops)} GFLOP/s`)
}

const LEVELS: Record<string, string> = {
  v2: 'x86-64-v2 (SSE4.2)',
  v3: 'x86-64-v3 (AVX2)',
  v4: 'x86-64-v4 (AVX-512)',
  base: 'compiled for this processor family',
}

function whyThreads({ threads, cores, quota }: Machine, used: number): string {
  if (quota !== null && Math.ceil(quota) === used)
    return `this container may use ${quota} processors`
  if (used === cores) return 'one for each core'
  if (used === threads.usable) return `one for each processor that this process may use`
  return 'as many cores as this process may use'
}

function judgePackages(machine: Machine, packages: Record<string, string>, say: SayFinding): void {
  const names = Object.keys(packages).filter((name) => name !== CUDA)
  const versions = new Set(Object.values(packages))
  const short = names.map((name) => name.replace('@flambeau/', ''))
  if (versions.size > 1) {
    say(
      'installed',
      names.map((name) => `${name.replace('@flambeau/', '')} ${packages[name]}`).join(', '),
      'warning',
      'the packages of flambeau share one version; install the same of all',
    )
  } else {
    const [version] = versions
    say(
      'installed',
      version === undefined ? 'none in this folder' : `${short.join(', ')} (${version})`,
    )
  }
  const device = machine.nvidia === null ? 'no NVIDIA driver' : `NVIDIA driver ${machine.nvidia}`
  const backend = packages[CUDA]
  if (backend !== undefined) {
    say(
      'CUDA',
      `${CUDA} ${backend}, ${device}`,
      machine.nvidia === null ? 'warning' : 'good',
      machine.nvidia === null
        ? "tensors stay on the CPU until NVIDIA's driver is installed"
        : undefined,
    )
  } else {
    say('CUDA', `${CUDA} is not installed, ${device}`, 'note')
  }
}

/** `1 core`, `2 cores`. */
const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

/** A number of bytes as people read it. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${value >= 10 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}
