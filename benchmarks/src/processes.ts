/** The two sides as processes, each fresh for every series of samples. */
import { spawn } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Peaks } from './floors.ts'
import type { Answer, Request, Side } from './protocol.ts'
import { findAnswer, findResult } from './protocol.ts'

/** A measurement, or the import of a library, that takes longer has hung. */
const TIMEOUT_MS = 600_000
/** The same on a GPU, where a kernel that never ends must not cost all others their turn. */
const GPU_TIMEOUT_MS = 45_000

/** A process that failed or said nothing. */
export class ProcessError extends Error {
  override readonly name: string = 'ProcessError'
}

/** The line of a stack trace that says what happened; Python puts it last. */
function gist(errors: string): string {
  const lines = errors.split('\n').filter((line) => line.trim() !== '')
  return lines.find((line) => /^\w*Error\b.*: /.test(line)) ?? lines.at(-1) ?? 'it printed no error'
}

interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

/** Runs a program to its end and gives what it printed. @throws {ProcessError} */
function outputOf({ file, args, env }: Command, timeout: number = TIMEOUT_MS): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout,
      killSignal: 'SIGKILL',
    })
    let output = ''
    let errors = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    child.on('error', (error) => reject(new ProcessError(`${file}: ${error.message}`)))
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output)
      const how = signal === null ? `exit status ${code}` : `killed by ${signal}`
      reject(new ProcessError(`${how}: ${gist(errors)}`))
    })
  })
}

/** A side whose process gets the request as its last argument. */
export function processSide(command: (request: Request) => Command): Side {
  return async (request): Promise<Answer> => {
    const { file, args, env } = command(request)
    const whole = { file, args: [...args, JSON.stringify(request)], ...(env && { env }) }
    const output = await outputOf(whole, request.device === 'cuda' ? GPU_TIMEOUT_MS : TIMEOUT_MS)
    const answer = findAnswer(output)
    if (answer === null || answer.samples.length === 0) {
      throw new ProcessError(`${file} gave no samples`)
    }
    return answer
  }
}

// The same file as this one is: compiled, or TypeScript with the loader that this process has.
function sibling(name: string): string {
  return fileURLToPath(new URL(`${name}${extname(import.meta.url)}`, import.meta.url))
}

/** Measures with flambeau. */
export const flambeau: Side = processSide(() => ({
  file: process.execPath,
  args: [...process.execArgv, sibling('child')],
}))

/** Measures what the machine can do. @throws {ProcessError} */
export async function measurePeaks(threads: number): Promise<Peaks> {
  const args = [...process.execArgv, sibling('peaks'), String(threads)]
  const peaks = findResult<Peaks>(await outputOf({ file: process.execPath, args }))
  if (peaks === null) throw new ProcessError('the machine could not be measured')
  return peaks
}

/** Prints where flambeau's time goes; gives the text. @throws {ProcessError} */
export function profileOf(request: Request): Promise<string> {
  const args = [...process.execArgv, sibling('profile'), JSON.stringify(request)]
  return outputOf({ file: process.execPath, args })
}

const script = fileURLToPath(new URL('../pytorch/workloads.py', import.meta.url))

/** Measures with PyTorch. */
export function pytorch(python: string): Side {
  return processSide(({ threads, variant }) => ({
    file: python,
    args: ['-W', 'ignore', script],
    env: {
      PYTHONDONTWRITEBYTECODE: '1',
      ...(variant === 'tuned' && { THP_MEM_ALLOC_ENABLE: '1' }),
      // The C library keeps what is freed, so that large tensors find pages that are there.
      ...(variant === 'keep-heap' && {
        MALLOC_MMAP_MAX_: '0',
        MALLOC_TRIM_THRESHOLD_: `${2 ** 36}`,
      }),
      ...(threads > 0 && { OMP_NUM_THREADS: `${threads}`, MKL_NUM_THREADS: `${threads}` }),
    },
  }))
}

/** The version of the PyTorch that an interpreter can import. @throws {ProcessError} */
export async function pytorchVersion(python: string): Promise<string> {
  const output = await outputOf({
    file: python,
    args: ['-c', 'import torch; print(torch.__version__)'],
  })
  return output.trim()
}
