/** What the runner asks of a process that measures one workload, and what that answers. */

/** One sample: milliseconds per call, and the share of its time that threads waited for a core. */
export type Sample = readonly [milliseconds: number, waited: number]

/** How PyTorch is set up: as a plain script gets it, compiled, or with settings that make it faster. */
export type Variant = 'eager' | 'compile' | 'tuned' | 'keep-heap'

export interface Request {
  /** Name of the workload. */
  readonly name: string
  /** Threads of one operation; 0 keeps the library's default. */
  readonly threads: number
  readonly seed: number
  /** Training steps before the clock starts, whose losses are compared. */
  readonly firstSteps: number
  /** Uncontended samples to take. */
  readonly samples: number
  /** Time after which fewer samples will do. */
  readonly seconds: number
  /** Samples that waited for a larger share of their time do not count as uncontended. */
  readonly maxWait: number
  /** Whether to compute a digest of the result. */
  readonly digest: boolean
  /** Whether models drop what their definition says; otherwise nothing. */
  readonly dropout: boolean
  /** Of PyTorch; flambeau has no settings. */
  readonly variant: Variant
  /** Where it runs. */
  readonly device: BenchDevice
  /** bfloat16: forward passes of training under autocast. */
  readonly precision: Precision
  /** On a GPU: are flambeau's training steps captured once and replayed? */
  readonly graph: boolean
}

export type BenchDevice = 'cpu' | 'cuda'
export type Precision = 'float32' | 'bfloat16'

export interface Answer {
  readonly samples: readonly Sample[]
  /** The most memory that the whole process has used, interpreter and libraries included. */
  readonly peakRssMb: number
  /** The most memory of the device that tensors have used; 0 on the processor. */
  readonly peakDeviceMb: number
  readonly threads: number
  readonly version: string
  /** Losses of the first steps; empty unless the workload trains. */
  readonly losses: readonly number[]
  /** One number per output; empty where results are not compared. */
  readonly digests: readonly number[]
}

/** Measures once, in a process of its own. */
export type Side = (request: Request) => Promise<Answer>

/** Begins the line that carries an answer. */
export const answerMark = 'RESULT '

/** The answer among the lines that a process printed, or null. */
export function findAnswer(output: string): Answer | null {
  return findResult<Answer>(output)
}

/** What the line with the mark carries, or null. */
export function findResult<T>(output: string): T | null {
  const line = output.split('\n').findLast((text) => text.startsWith(answerMark))
  return line === undefined ? null : (JSON.parse(line.slice(answerMark.length)) as T)
}
