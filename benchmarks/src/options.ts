/** The command line. */
import { parseArgs } from 'node:util'
import type { BenchDevice, Precision } from './protocol.ts'

export interface Options {
  /** Names and globs; empty for every workload. */
  only: readonly string[]
  /** Threads of one operation on both sides; 0: what each library chooses. */
  threads: number
  /** Processes of each side per workload. */
  rounds: number
  /** Seconds after which a process stops sampling. */
  seconds: number
  /** Seconds to wait for an idle machine before each process. */
  quiet: number
  /** Results are written here. */
  json: string | undefined
  /** An interpreter that can import torch; undefined: python3, if it can. */
  python: string | undefined
  list: boolean
  /** What PyTorch is run as. */
  pytorch: 'eager' | 'compile' | 'tuned'
  /** Do models drop what their definition says? */
  dropout: boolean
  /** Where both sides run. */
  device: BenchDevice
  /** bfloat16: forward passes of training under autocast. */
  precision: Precision
  /** Are flambeau's training steps captured once and replayed? */
  graph: boolean
  /** The workload whose time is to be taken apart; undefined: none. */
  profile: string | undefined
}

/** A mistake on the command line. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}

export const help: string = `Measures flambeau's workloads and, where a PyTorch is importable, PyTorch's.

usage: pnpm bench [options]

  --only NAMES     names or globs, with commas between them: --only 'mlp_mnist,op_add*'
  --threads N      threads of one operation on both sides; default: what each library chooses
  --python PATH    an interpreter that can import torch; default: python3, if it can
  --rounds N       processes of each side per workload, in turns; default 3
  --seconds N      time after which a process stops sampling; default 5
  --quiet N        wait up to N seconds for an idle machine before each process; default 0
  --json FILE      also write the results to FILE
  --compile        compare with torch.compile; without dropout, which it draws differently
  --tuned          compare with the faster of PyTorch with kept heap, and with huge pages,
                   channels-last and fused optimizers
  --no-dropout     without dropout on both sides
  --device NAME    cpu (the default) or cuda
  --precision NAME float32 (the default), or bfloat16: training under autocast
  --graph          with --device cuda: flambeau's training steps are captured and replayed
  --profile NAME   where flambeau's time goes in that workload, instead of a comparison
  --list           show the workloads
  --help           show this

Times are medians of the samples in which no thread had to wait for a core. The ratio is
flambeau / PyTorch: below 1, flambeau is faster. Both sides start from the same weights and data;
where losses or results differ, the row counts as failed. Floor is the share of the least time that
this machine's arithmetic and memory allow.`

function number(name: string, text: string, least: number, whole: boolean): number {
  const value = Number(text)
  const valid = text.trim() !== '' && Number.isFinite(value) && value >= least
  if (!valid || (whole && !Number.isInteger(value))) {
    const kind = whole ? 'a whole number' : 'a number'
    throw new UsageError(`--${name} must be ${kind} ≥ ${least}, not '${text}'`)
  }
  return value
}

function choice<T extends string>(name: string, text: string, choices: readonly T[]): T {
  const found = choices.find((known) => known === text)
  if (found !== undefined) return found
  throw new UsageError(`--${name} must be ${choices.join(' or ')}, not '${text}'`)
}

/** Reads the command line; null asks for help. @throws {UsageError} */
export function parseOptions(args: readonly string[]): Options | null {
  let values
  try {
    ;({ values } = parseArgs({
      args: args.filter((arg) => arg !== '--'),
      options: {
        only: { type: 'string', multiple: true, default: [] },
        threads: { type: 'string' },
        rounds: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '5' },
        quiet: { type: 'string', default: '0' },
        json: { type: 'string' },
        python: { type: 'string' },
        list: { type: 'boolean', default: false },
        compile: { type: 'boolean', default: false },
        tuned: { type: 'boolean', default: false },
        'no-dropout': { type: 'boolean', default: false },
        device: { type: 'string', default: 'cpu' },
        precision: { type: 'string', default: 'float32' },
        graph: { type: 'boolean', default: false },
        profile: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }))
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  if (values.help) return null
  if (values.compile && values.tuned) {
    throw new UsageError('--compile and --tuned are two comparisons: run one after the other')
  }
  if (values.graph && values.device !== 'cuda') throw new UsageError('--graph needs --device cuda')
  return {
    only: values.only.flatMap((names) => names.split(',')).filter((name) => name !== ''),
    threads: values.threads === undefined ? 0 : number('threads', values.threads, 1, true),
    rounds: number('rounds', values.rounds, 1, true),
    seconds: number('seconds', values.seconds, 0, false),
    quiet: number('quiet', values.quiet, 0, false),
    json: values.json,
    python: values.python,
    list: values.list,
    pytorch: values.compile ? 'compile' : values.tuned ? 'tuned' : 'eager',
    dropout: !values['no-dropout'] && !values.compile,
    device: choice('device', values.device, ['cpu', 'cuda']),
    precision: choice('precision', values.precision, ['float32', 'bfloat16']),
    graph: values.graph,
    profile: values.profile,
  }
}
