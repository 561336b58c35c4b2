/** What the operating system says of this machine. Everything is optional: a container may hide it. */
import { readFileSync, readdirSync } from 'node:fs'
import { availableParallelism, cpus, freemem, release, totalmem } from 'node:os'
import type { PlatformFacts } from '../native-file.ts'
import { platformFacts } from '../native-file.ts'

/** A cache of the first processor. */
export interface Cache {
  name: string
  bytes: number
}

/** The machine that this process runs on. */
export interface Machine extends PlatformFacts {
  kernel: string
  processor: string
  /** Hardware threads of the machine, and those that this process may use. */
  threads: { all: number; usable: number }
  /** Cores among all hardware threads; `null` where the topology is hidden. */
  cores: number | null
  /** Processors that a container is limited to; `null` without a limit. */
  quota: number | null
  caches: Cache[]
  /** Instruction-set extensions that matter for speed. */
  features: string[]
  /** In bytes. */
  memory: { total: number; available: number; limit: number | null }
  /** The system's policy for huge pages: `always`, `madvise`, `never`. */
  hugePages: string | null
  /** Version of NVIDIA's driver, where there is one. */
  nvidia: string | null
}

/** Reads a small file; `null` when it is not there. */
export function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return null
  }
}

/** Names of what a folder holds; none when it is not there. */
function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

/** Looks at everything. */
export function lookAtMachine(): Machine {
  const info = read('/proc/cpuinfo') ?? ''
  const flags = new Set(/^flags\s*: (.*)$/m.exec(info)?.[1]?.split(' ') ?? [])
  const available = Number(
    /^MemAvailable:\s+(\d+)/m.exec(read('/proc/meminfo') ?? '')?.[1] ?? Number.NaN,
  )
  return {
    ...platformFacts(),
    kernel: release(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    threads: { all: Math.max(1, cpus().length), usable: availableParallelism() },
    cores: countCores(),
    quota: cpuQuota(read('/sys/fs/cgroup/cpu.max')),
    caches: lookAtCaches(),
    features: FEATURES.filter(([flag]) => flags.has(flag)).map(([, name]) => name),
    memory: {
      total: totalmem(),
      available: Number.isNaN(available) ? freemem() : available * 1024,
      limit: memoryLimit(read('/sys/fs/cgroup/memory.max')),
    },
    hugePages:
      /\[(\w+)\]/.exec(read('/sys/kernel/mm/transparent_hugepage/enabled') ?? '')?.[1] ?? null,
    nvidia:
      /Kernel Module\s+(?:for \S+\s+)?([\d.]+)/.exec(
        read('/proc/driver/nvidia/version') ?? '',
      )?.[1] ?? null,
  }
}

const FEATURES: [string, string][] = [
  ['sse4_2', 'SSE4.2'],
  ['avx', 'AVX'],
  ['fma', 'FMA'],
  ['avx2', 'AVX2'],
  ['avx512f', 'AVX-512'],
  ['avx512_vnni', 'VNNI'],
  ['avx512_bf16', 'bfloat16'],
  ['amx_tile', 'AMX'],
]

function countCores(): number | null {
  const folder = '/sys/devices/system/cpu'
  const siblings = list(folder)
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => read(`${folder}/${name}/topology/thread_siblings_list`))
    .filter((text) => text !== null)
  return siblings.length > 0 ? new Set(siblings).size : null
}

/** Processors that a cgroup grants, from the text of its `cpu.max`; `null` without a limit. */
export function cpuQuota(text: string | null): number | null {
  const [quota, period] = (text ?? '').split(' ').map(Number)
  return quota && period ? quota / period : null
}

/** Bytes that a cgroup grants, from the text of its `memory.max`; `null` without a limit. */
export function memoryLimit(text: string | null): number | null {
  const bytes = Number(text ?? 'max')
  return Number.isFinite(bytes) && bytes > 0 ? bytes : null
}

function lookAtCaches(): Cache[] {
  const folder = '/sys/devices/system/cpu/cpu0/cache'
  return list(folder)
    .filter((name) => name.startsWith('index'))
    .flatMap((name) => {
      const type = read(`${folder}/${name}/type`)
      const size = /^(\d+)([KM])$/.exec(read(`${folder}/${name}/size`) ?? '')
      if (!size || type === 'Instruction') return []
      const bytes = Number(size[1]) * (size[2] === 'M' ? 1 << 20 : 1 << 10)
      return [{ name: `L${read(`${folder}/${name}/level`)}`, bytes }]
    })
}
