/** pnpm bench: see --help. */
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { demands } from './floors.ts'
import type { Options } from './options.ts'
import { help, parseOptions, UsageError } from './options.ts'
import {
  flambeau,
  measurePeaks,
  ProcessError,
  profileOf,
  pytorch,
  pytorchVersion,
} from './processes.ts'
import type { Request, Side, Variant } from './protocol.ts'
import { waitForQuiet } from './quiet.ts'
import { report } from './report.ts'
import type { Outcome } from './runner.ts'
import { runWorkload } from './runner.ts'
import { select } from './select.ts'
import { footer, header, row } from './table.ts'
import { workloads } from './workloads/index.ts'

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function list(): void {
  for (const { group, name, summary } of workloads) {
    print(`${group.padEnd(8)} ${name.padEnd(36)} ${summary}`)
  }
}

/** PyTorch's side; null, after a line that says so, where python3 has no torch. */
async function findPyTorch(python: string | undefined): Promise<Side | null> {
  try {
    print(`PyTorch ${await pytorchVersion(python ?? 'python3')}`)
    return pytorch(python ?? 'python3')
  } catch (error) {
    if (python !== undefined) {
      throw new UsageError(`--python ${python} cannot import torch: ${(error as Error).message}`)
    }
    print('No PyTorch to compare with: name an interpreter that has it with --python PATH')
    return null
  }
}

/** Writes the results so far, if a file was asked for. @throws {UsageError} if it cannot be written. */
function save(file: string | undefined, outcomes: readonly Outcome[]): void {
  if (file === undefined) return
  try {
    writeFileSync(file, `${JSON.stringify(report(outcomes), null, 2)}\n`)
  } catch (error) {
    throw new UsageError(`--json ${file} cannot be written: ${(error as Error).message}`)
  }
}

const variants: Readonly<Record<Options['pytorch'], readonly Variant[]>> = {
  eager: ['eager'],
  compile: ['compile'],
  tuned: ['keep-heap', 'tuned'],
}

/** Prints where flambeau's time goes. @throws {UsageError} unless it is one workload. */
async function takeApart(options: Options, name: string): Promise<number> {
  const [workload, ...others] = select(workloads, [name])
  if (workload === undefined || others.length > 0) {
    throw new UsageError(`--profile takes one workload, ${name} are ${others.length + 1}`)
  }
  const { threads, dropout, device, precision, graph } = options
  const request: Request = {
    name: workload.name,
    threads,
    seed: 0,
    firstSteps: 0,
    samples: 1,
    seconds: 0,
    maxWait: 1,
    digest: false,
    dropout,
    variant: 'eager',
    device,
    precision,
    graph,
  }
  process.stdout.write(await profileOf(request))
  return 0
}

async function run(options: Options): Promise<number> {
  const chosen = select(workloads, options.only).filter(
    // What is compiled are models.
    ({ group }) => options.pytorch !== 'compile' || options.only.length > 0 || group !== 'micro',
  )
  const outcomes: Outcome[] = []
  // Now already, so that a path that cannot be written is found out before the work.
  save(options.json, outcomes)
  const reference = await findPyTorch(options.python)
  const threads = options.threads || `default (${availableParallelism()} cores)`
  print(`Node ${process.version}; threads: ${threads}; ${options.rounds} rounds`)
  const ready = (): Promise<void> => waitForQuiet(options.quiet)
  await ready()
  const peaks = await measurePeaks(options.threads)
  const { gflops, memory, cache } = peaks
  print(
    `This machine now: ${gflops.toFixed(0)} GFLOP/s, ${memory.toFixed(0)} GB/s from memory, ` +
      `${cache.toFixed(0)} GB/s in the cache`,
  )
  if (options.pytorch !== 'eager') print(`PyTorch as: ${variants[options.pytorch].join(', ')}`)
  print(`\n${header}`)
  for (const workload of chosen) {
    const measured = { ...workload, demand: demands[workload.name] ?? null }
    const { pytorch, ...rest } = options
    const settings = { ...rest, variants: variants[pytorch], peaks, ready }
    const outcome = await runWorkload(measured, flambeau, reference, settings)
    outcomes.push(outcome)
    save(options.json, outcomes)
    print(row(outcome))
  }
  const end = footer(outcomes)
  if (end !== '') print(`\n${end}`)
  return outcomes.some(({ failure }) => failure !== null) ? 1 : 0
}

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args)
    if (options === null) print(help)
    else if (options.list) list()
    else if (options.profile !== undefined) return await takeApart(options, options.profile)
    else return await run(options)
    return 0
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof ProcessError)) throw error
    process.stderr.write(`bench: ${error.message}\n`)
    return 2
  }
}

process.exitCode = await main(process.argv.slice(2))
