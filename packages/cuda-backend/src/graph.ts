/** Work that is recorded once and replayed as a whole, without the cost of each launch. */
import { DeviceError, ValueError } from '@flambeau/core'
import { capturedSteps, commands, native as core } from '@flambeau/core/internal'
import { withAddon } from './errors.ts'
import type { Addon } from './native.ts'
import { currentStream, setStream, Stream, stream as onStream } from './stream.ts'

/** How work is captured. */
export interface CaptureOptions {
  /**
   * Whether neighbouring elementwise operations become one kernel, which NVRTC compiles during the
   * capture. Results are the same. Default: where NVRTC is found.
   */
  fuse?: boolean
}

/** What became of neighbouring elementwise operations in a capture. */
export interface Fused {
  /** Kernels that were compiled for several operations each. */
  readonly kernels: number
  /** The operations that these kernels do. */
  readonly operations: number
  /** Why nothing was fused where that was wanted, and the remedy; null where nothing stood in the way. */
  readonly unavailable: string | null
}

/**
 * Work of a GPU that was captured once and can be replayed. A replay reads and writes the very memory
 * that the captured calls did: copy new input into the tensors that were used, `x.copy_(batch)`, and
 * read results from those that the captured calls returned. That memory stays taken until
 * {@link CUDAGraph.reset}, or until the graph is garbage.
 *
 * Random numbers are drawn anew by each replay, and optimizers count on and look at their learning rate.
 * Whatever else JavaScript decided during the capture stays decided: branches, shapes, numbers.
 *
 * @see torch.cuda.CUDAGraph
 *
 * @example
 * ```ts
 * import { CUDAGraph, isAvailable, stream, Stream } from '@flambeau/cuda-backend'
 * import { ones } from '@flambeau/core'
 * if (isAvailable()) {
 *   const x = ones([3], { device: 'cuda' })
 *   const captured = new CUDAGraph()
 *   const y = stream(new Stream(), () => {
 *     captured.captureBegin()
 *     const result = x.mul(2)
 *     captured.captureEnd()
 *     return result
 *   })
 *   x.fill_(5)
 *   captured.replay()
 *   console.log(y.toArray()) // Float32Array [10, 10, 10]
 * }
 * ```
 */
export class CUDAGraph {
  readonly #native: object = withAddon('CUDAGraph', (addon) => addon.newGraph())
  #nodes = 0
  /** Optimizer steps of the capture, to be taken again. */
  #steps: (() => void)[] = []
  #isFirst = true
  #fused: Fused = { kernels: 0, operations: 0, unavailable: null }

  /** How many launches and copies a replay does; 0 before the capture. */
  get nodes(): number {
    return this.#nodes
  }

  /** What became of neighbouring elementwise operations in the capture. */
  get fused(): Fused {
    return this.#fused
  }

  /**
   * From now on, what this thread puts on the current stream is recorded and not done.
   *
   * @throws {ValueError} on the default stream, within another capture, or if this graph holds one.
   * @throws {DeviceError} with `fuse: true`, where kernels cannot be compiled.
   * @see torch.cuda.CUDAGraph.capture_begin
   */
  captureBegin(options: CaptureOptions = {}): void {
    const { _number } = currentStream()
    const op = 'CUDAGraph.captureBegin'
    const why = options.fuse === false ? '' : withAddon(op, (addon) => addon.whyNotFused())
    if (why !== '' && options.fuse === true) throw new DeviceError(op, [], why)
    const fuse = options.fuse !== false && why === ''
    withAddon(op, (addon) => addon.graphBegin(this.#native, _number, fuse ? 1 : 0))
    this.#fused = { kernels: 0, operations: 0, unavailable: why === '' ? null : why }
    capturedSteps.again = this.#steps = []
    this.#isFirst = true
  }

  /**
   * Ends the capture, and makes the graph ready.
   *
   * @throws {ValueError} unless this graph is being captured.
   * @throws {DeviceError} if something was done meanwhile that cannot be captured.
   * @see torch.cuda.CUDAGraph.capture_end
   */
  captureEnd(): void {
    this.#nodes = withAddon('CUDAGraph.captureEnd', (addon) => {
      if (this.#steps === capturedSteps.again) capturedSteps.again = null
      const nodes = addon.graphEnd(this.#native)
      const [kernels, operations] = addon.graphFused(this.#native)
      this.#fused = { ...this.#fused, kernels, operations }
      return nodes
    })
  }

  /** Ends the capture without a result. */
  captureAbandon(): void {
    withAddon('CUDAGraph.captureAbandon', (addon) => {
      if (this.#steps === capturedSteps.again) capturedSteps.again = null
      addon.graphAbandon(this.#native)
    })
  }

  /**
   * Does what was captured, on the current stream. Returns at once, as every operation does.
   *
   * @throws {ValueError} if nothing was captured, or during another capture.
   * @see torch.cuda.CUDAGraph.replay
   */
  replay(): void {
    const { _number } = currentStream()
    withAddon('CUDAGraph.replay', (addon) => {
      const draws = addon.graphDraws(this.#native)
      for (let i = 0; i < draws.length; i += 2) {
        const generator = draws[i] as number
        core.initialSeed(generator)
        const seed = word(commands[0]) | (word(commands[1]) << 32n)
        core.deviceOffset(generator)
        const offset = word(commands[0]) | (word(commands[1]) << 32n)
        addon.graphPlace(this.#native, generator, seed, offset, _number)
        const next = BigInt.asUintN(64, offset + BigInt(draws[i + 1] as number))
        core.setDeviceOffset(generator, Number(next & 0xffffffffn), Number(next >> 32n))
      }
      // The first replay takes the steps that the capture counted.
      if (this.#isFirst) this.#isFirst = false
      else if (this.#steps.length > 0) this.#takeSteps(addon)
      addon.graphReplay(this.#native, _number)
    })
  }

  /** Lets optimizers count on, and hands the numbers of their steps to the captured calls. */
  #takeSteps(addon: Addon): void {
    const numbers: (readonly number[])[] = (capturedSteps.numbers = [])
    try {
      for (const again of this.#steps) again()
    } finally {
      capturedSteps.numbers = null
    }
    if (numbers.length !== addon.graphLive(this.#native)) {
      throw new ValueError(
        'CUDAGraph.replay',
        [],
        `the captured steps of optimizers were ${addon.graphLive(this.#native)} calls on the GPU, and are ${numbers.length} now`,
        'keep the parameters of an optimizer on the GPU, and load its state before the capture',
      )
    }
    numbers.forEach((list, i) => addon.graphParams(this.#native, i, Float64Array.from(list)))
  }

  /**
   * Forgets what was captured and gives back its memory, after its replays.
   *
   * @throws {ValueError} while a graph is captured.
   * @see torch.cuda.CUDAGraph.reset
   */
  reset(): void {
    withAddon('CUDAGraph.reset', (addon) => addon.graphReset(this.#native))
    this.#nodes = 0
    this.#fused = { kernels: 0, operations: 0, unavailable: null }
    this.#steps = []
  }
}

const word = (value: number | undefined): bigint => BigInt(value ?? 0)

/** Is this thread capturing a graph? @see torch.cuda.is_current_stream_capturing */
export function isCurrentStreamCapturing(): boolean {
  return withAddon('isCurrentStreamCapturing', (addon) => addon.isCapturing())
}

/** How {@link graph} captures. */
export interface GraphOptions extends CaptureOptions {
  /** How often `body` runs, as usual, before the capture. Default: 3. */
  warmup?: number
  /** The stream to warm up and to capture on. Default: a new one. */
  stream?: Stream
}

/** A captured function: a call replays it, and returns what it returned when it was captured. */
export interface Graphed<T> {
  (): T
  /** What `body` returned at the capture; each replay writes into the same tensors. */
  readonly result: T
  readonly graph: CUDAGraph
  /** Gives back the memory of the graph. It cannot be replayed afterwards. */
  reset(): void
}

/**
 * Captures what `body` does on the GPU, a whole training step for example, and returns a function that
 * replays it. `body` first runs `warmup` times in earnest, so that what is set up at a first call is
 * there: a training step trains. Then it is captured, by which nothing is computed.
 *
 * Inputs are static: keep tensors of one shape, and copy into them before each replay. `body` must not
 * wait for the GPU (`item()`, `toArray()`, copies to and from the processor), must not be async, and
 * what its JavaScript computes is not computed again, but for the steps of optimizers: they count on, and
 * follow their schedule. Zero gradients inside `body`, before the backward pass.
 *
 * @param body what to capture; or the graph to capture into, followed by `body`.
 * Neighbouring elementwise operations become one kernel each where NVRTC is found; see {@link CUDAGraph.fused}.
 *
 * @throws {ValueError} if `body` waits for the GPU, or returns a promise.
 * @throws {DeviceError} where no GPU can be used, or with `fuse: true` where kernels cannot be compiled.
 * @see torch.cuda.graph, torch.cuda.make_graphed_callables
 *
 * @example
 * ```ts
 * import { graph, isAvailable } from '@flambeau/cuda-backend'
 * import { tensor, zeros } from '@flambeau/core'
 * if (isAvailable()) {
 *   const x = zeros([2], { device: 'cuda' })
 *   const double = graph(() => x.mul(2))
 *   x.copy_(tensor([1, 2]))
 *   console.log(double().toArray()) // Float32Array [2, 4]
 * }
 * ```
 */
export function graph<T>(body: () => T, options?: GraphOptions): Graphed<T>
export function graph<T>(into: CUDAGraph, body: () => T, options?: GraphOptions): Graphed<T>
export function graph<T>(
  first: CUDAGraph | (() => T),
  second?: (() => T) | GraphOptions,
  third?: GraphOptions,
): Graphed<T> {
  const into = first instanceof CUDAGraph ? first : new CUDAGraph()
  const body = (first instanceof CUDAGraph ? second : first) as () => T
  const options = (first instanceof CUDAGraph ? third : (second as GraphOptions)) ?? {}
  const { warmup = 3 } = options
  if (typeof body !== 'function') {
    throw new ValueError('graph', [], 'what is to be captured is a function', 'graph(() => …)')
  }
  if (!Number.isInteger(warmup) || warmup < 0) {
    throw new ValueError('graph', [], `warmup is a whole number ≥ 0, not ${warmup}`)
  }
  const side = options.stream ?? new Stream()
  const main = currentStream(side.deviceIndex)
  side.waitStream(main)
  const result = onStream(side, () => {
    for (let i = 0; i < warmup; i++) refusePromise(body())
    return captured(into, body, options)
  })
  main.waitStream(side)
  const replay = (): T => {
    into.replay()
    return result
  }
  return Object.assign(replay, { result, graph: into, reset: () => into.reset() })
}

function captured<T>(into: CUDAGraph, body: () => T, options: CaptureOptions): T {
  const before = currentStream()
  into.captureBegin(options)
  try {
    const result = body()
    refusePromise(result)
    setStream(before)
    into.captureEnd()
    return result
  } catch (error) {
    into.captureAbandon()
    throw error
  }
}

function refusePromise(result: unknown): void {
  if (!(result instanceof Promise)) return
  result.catch(() => {}) // its failure is not the one to report
  throw new ValueError(
    'graph',
    [],
    'an async function cannot be captured',
    'capture the part without await',
  )
}
