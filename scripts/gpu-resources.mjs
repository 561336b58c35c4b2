/**
 * What the kernels of a compiled addon take of a multiprocessor: node scripts/gpu-resources.mjs [ADDON] [--worst N]
 *
 * By cuobjdump, which comes with the CUDA toolkit; no GPU is needed. Fails where a kernel of ours does not
 * declare how many threads a block has (`__launch_bounds__`): the compiler then does not know how many
 * registers it may use, and a launch fails on the GPU where it has taken too many.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { findNvcc } from './lib/native.mjs'
import { inRepo } from './lib/repo.mjs'
import { StepError, runMain } from './lib/steps.mjs'

/**
 * @typedef {object} Kernel
 * @property {string} name
 * @property {string} architecture such as sm_90
 * @property {number} registers of a thread
 * @property {number} stack bytes of a thread, for what registers cannot hold
 * @property {number} shared bytes of a block, without what a launch asks for
 * @property {number | null} threads of a block at the most; null where the kernel does not say
 */

const registersOfMultiprocessor = 65_536

/** Collects kernels from the lines that cuobjdump prints. */
export class Kernels {
  /** @type {Map<string, Kernel>} by architecture and name */
  #kernels = new Map()
  #architecture = ''
  #name = ''
  #attribute = ''

  /** @param {string} line of --dump-resource-usage */
  readUsage(line) {
    this.#architecture = /^arch = (\S+)/.exec(line)?.[1] ?? this.#architecture
    this.#name = /^ Function (\S+):/.exec(line)?.[1] ?? this.#name
    const found = /REG:(\d+) STACK:(\d+) SHARED:(\d+)/.exec(line)
    if (!found) return
    const [registers = 0, stack = 0, shared = 0] = found.slice(1).map(Number)
    const [name, architecture] = [this.#name, this.#architecture]
    const kernel = { name, architecture, registers, stack, shared, threads: null }
    this.#kernels.set(`${architecture} ${name}`, kernel)
  }

  /** @param {string} line of --dump-elf, which is read after that */
  readElf(line) {
    if (!/^(arch|\.nv\.info|\tAttribute|\tValue)/.test(line)) return // most of it is numbers
    this.#architecture = /^arch = (\S+)/.exec(line)?.[1] ?? this.#architecture
    this.#name = /^\.nv\.info\.(\S+)/.exec(line)?.[1] ?? this.#name
    this.#attribute = /^\tAttribute:\s+(\S+)/.exec(line)?.[1] ?? this.#attribute
    const extents = /^\tValue:\s+(\S+) (\S+) (\S+)/.exec(line)
    const kernel = this.#kernels.get(`${this.#architecture} ${this.#name}`)
    if (extents && kernel && this.#attribute === 'EIATTR_MAX_THREADS')
      kernel.threads = extents.slice(1).reduce((product, extent) => product * Number(extent), 1)
  }

  get all() {
    return [...this.#kernels.values()]
  }
}

/**
 * What of a kernel cannot be launched, or may not; null where all is well.
 *
 * @param {Kernel} kernel
 */
export function problemOf({ name, registers, threads }) {
  if (threads === null) return name.includes('8flambeau') ? 'has no __launch_bounds__' : null
  // Registers are given to warps by 256.
  const warps = Math.ceil(threads / 32)
  const taken = Math.ceil((registers * 32) / 256) * 256 * warps
  if (taken <= registersOfMultiprocessor) return null
  return `takes ${taken} registers for a block of ${threads} threads`
}

/** @param {string[]} names */
function readable(names) {
  const { stdout } = spawnSync('c++filt', ['-p'], { input: names.join('\n'), encoding: 'utf8' })
  const plain = stdout ? stdout.split('\n') : names
  return plain.map((name) => name.replaceAll(/\(anonymous namespace\)::|flambeau::(cuda::)?/g, ''))
}

/** @param {Kernel[]} kernels */
function table(kernels) {
  const names = readable(kernels.map(({ name }) => name))
  return kernels
    .map(({ architecture, registers, stack, shared, threads }, i) =>
      [
        architecture.padEnd(7),
        `${String(registers).padStart(3)} registers`,
        `${String(stack).padStart(4)} B stack`,
        `${String(shared).padStart(6)} B shared`,
        `${String(threads ?? '?').padStart(4)} threads`,
        names[i],
      ].join('  '),
    )
    .join('\n')
}

/**
 * Gives each line that a program prints to `take`; together they may be more than fits a string.
 *
 * @param {string} program @param {string[]} args @param {(line: string) => void} take
 */
async function eachLine(program, args, take) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = new Promise((resolve) => {
    child.on('error', () => resolve(127))
    child.on('close', resolve)
  })
  for await (const line of createInterface(child.stdout)) take(line)
  if ((await ended) === 0) return
  throw new StepError('cuobjdump was not found, or failed', 'it comes with the CUDA toolkit')
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { worst: { type: 'string', default: '12' } },
  })
  const addon = positionals[0] ?? inRepo('packages/cuda-backend/prebuilt/flambeau_cuda.node')
  if (!existsSync(addon)) throw new StepError(`${addon} is not there`, 'npm run build makes it')
  const nvcc = findNvcc()
  const beside = nvcc === null ? '' : join(dirname(nvcc), 'cuobjdump')
  const program = existsSync(beside) ? beside : 'cuobjdump'
  const found = new Kernels()
  await eachLine(program, ['--dump-resource-usage', addon], (line) => found.readUsage(line))
  await eachLine(program, ['--dump-elf', addon], (line) => found.readElf(line))
  const kernels = found.all
  const worst = kernels
    .toSorted((a, b) => b.registers - a.registers || b.stack - a.stack)
    .slice(0, Number(values.worst))
  process.stdout.write(`${kernels.length} kernels\n${table(worst)}\n`)
  const wrong = kernels.filter((kernel) => problemOf(kernel) !== null)
  for (const kernel of wrong) process.stdout.write(`${table([kernel])}\n  ${problemOf(kernel)}\n`)
  return wrong.length > 0 ? 1 : 0
}

if (process.argv[1] === import.meta.filename) await runMain(main)
