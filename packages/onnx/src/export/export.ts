/** Modules as ONNX files. */
import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { noGrad } from '@flambeau/autograd'
import { FlambeauError, Tensor, ValueError } from '@flambeau/core'
import {
  outsideScopes,
  requireList,
  requireOptions,
  requireText,
  show,
} from '@flambeau/core/internal'
import type { AnyModule } from '@flambeau/nn'
import { Module } from '@flambeau/nn'
import { encodeModel } from '../proto/codec.ts'
import type { Program } from '../trace/align.ts'
import { align } from '../trace/align.ts'
import { Recorder } from '../trace/recorder.ts'
import type { Trace } from '../trace/values.ts'
import type { DynamicAxes, GraphInput } from './axes.ts'
import { proposals, resized, sizesOf, withAxes } from './axes.ts'
import { graphOf, requireDistinct } from './graph.ts'
import { isWhole } from './ops/sampling.ts'
import { leavesOf, replaceLeaves } from './tree.ts'
import type { Leaf } from './tree.ts'

/** The options of {@link exportOnnx}. */
export interface ExportOptions {
  /** Where to write the file. Default: nowhere. */
  readonly path?: string | null
  /** The version of ONNX's operators, 17 to 23. Default 18. */
  readonly opset?: number
  /** Names of the tensors among the inputs, in order. Default: `input`, or `input_0`, `input_1`, … */
  readonly inputNames?: readonly string[]
  /** Names of the tensors that forward returns. Default: their keys, or `output`, `output_0`, … */
  readonly outputNames?: readonly string[]
  /**
   * Axes whose size may differ from the examples', by input: `{ input: { 0: 'batch' } }`, or
   * `{ input: [0] }`. Axes of one name have one size; `'16*height'` has multiples only. Default: none.
   */
  readonly dynamicAxes?: DynamicAxes
  /**
   * What to do where forward reads elements of a tensor that follows from the inputs (`item()`,
   * `tolist()`): false refuses, as other inputs could lead elsewhere; true takes what it does with the
   * examples for what it always does, which is right for checks of arguments. Default false.
   */
  readonly freezeReads?: boolean
}

const OP = 'exportOnnx'
const LEAST = 17
const MOST = 23
/** The version of the file format that came with each opset from 17 on. */
const IR = [8, 8, 9, 9, 10, 10, 11]
/** Protobuf's limit. */
const MAX_BYTES = 2 ** 31 - 1

/** The names by which a graph knows the tensors of a module: those of its state, and other buffers. */
function stateOf(model: AnyModule): Map<string, Tensor> {
  const state = new Map(Object.entries(model.stateDict({ keepVars: true })))
  for (const [name, buffer] of model.namedBuffers()) if (!state.has(name)) state.set(name, buffer)
  return state
}

function namesFor(
  leaves: readonly Leaf[],
  given: readonly string[] | undefined,
  word: 'input' | 'output',
): string[] {
  if (given !== undefined) {
    requireList(OP, `${word}Names`, given, 'a list of names')
    for (const [i, name] of given.entries()) requireText(OP, `${word}Names[${i}]`, name)
    if (given.length !== leaves.length) {
      const rule = `${word}Names has ${given.length} names for ${leaves.length} tensors`
      throw new ValueError(OP, [], rule, 'give each tensor a name, in order')
    }
    return [...given]
  }
  return leaves.map(({ path }, i) => {
    // Of inputs the first part of the path is the place among the arguments.
    const named = path.filter((part) => typeof part === 'string')
    if (named.length > 0) return path.slice(path.indexOf(named[0] as string)).join('.')
    return leaves.length === 1 ? word : `${word}_${i}`
  })
}

/** Modes of all modules, to be restored. */
function inEvaluation<T>(model: AnyModule, body: () => T): T {
  const modes = [...model.modules()].map((module) => [module, module.training] as const)
  model.eval()
  try {
    return noGrad(body)
  } finally {
    for (const [module, training] of modes) module.training = training
  }
}

interface Traced {
  readonly trace: Trace
  readonly outputs: readonly Leaf[]
}

function traceOnce(
  model: AnyModule,
  args: readonly unknown[],
  inputs: readonly GraphInput[],
  state: ReadonlyMap<string, Tensor>,
  sizes: ReadonlyMap<string, number>,
  { freezeReads, opset }: { freezeReads: boolean; opset: number },
): Traced {
  const names = new Map<Tensor, { source: 'input' | 'state'; name: string }>()
  for (const [name, tensor] of state) {
    if (!names.has(tensor)) names.set(tensor, { source: 'state', name })
  }
  // Tensors of their own, in the order of the leaves, so that one example may stand for two inputs.
  const examples = inputs.map((input) => {
    const example = resized(input, sizes).clone()
    names.set(example, { source: 'input', name: input.name })
    return example
  })
  let next = 0
  const given = replaceLeaves(args, () => examples[next++] as Tensor) as unknown[]
  const recorder = new Recorder(names, freezeReads, (name, operands, how) =>
    isWhole(name, operands, how, opset),
  )
  try {
    for (const example of examples) recorder.introduce(example)
    const result = (model as unknown as (...args: unknown[]) => unknown)(...given)
    const outputs = leavesOf(result)
    if (outputs.length === 0) {
      const rule = 'forward returns no tensor'
      throw new ValueError(OP, [], rule, 'return a tensor, a list, or an object of them')
    }
    return { trace: recorder.finish(outputs.map(({ tensor }) => tensor)), outputs }
  } finally {
    recorder.stop()
  }
}

/** The program, from traces with the first sizes that suit it. */
function programOf(
  trace: (sizes: ReadonlyMap<string, number>) => Traced,
  sizes: ReadonlyMap<string, number>,
): { program: Program; outputs: readonly Leaf[] } {
  const failures: unknown[] = []
  for (const proposal of proposals(sizes)) {
    let traced: Traced[]
    try {
      traced = proposal.sizes.map(trace)
    } catch (error) {
      failures.push(error)
      continue
    }
    const odd = proposal.odd === null ? null : orNull(() => trace(proposal.odd as never))
    try {
      const program = align([...traced, ...(odd === null ? [] : [odd])].map((one) => one.trace))
      return { program, outputs: (traced[0] as Traced).outputs }
    } catch (error) {
      failures.push(error)
    }
  }
  throw failures[0]
}

/** What a module gives; null where it does not take such sizes. */
function orNull<T>(body: () => T): T | null {
  try {
    return body()
  } catch (error) {
    if (error instanceof FlambeauError) return null
    throw error
  }
}

async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.${randomBytes(4).toString('hex')}.part`
  try {
    const file = await open(part, 'wx')
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

/**
 * The module as an ONNX file, from traces of `forward` in evaluation mode: what it computes for
 * the example inputs, with parameters and buffers as initializers under their names in the state dict.
 *
 * Axes in `dynamicAxes` may have other sizes later: the module is traced with several, and numbers that
 * differ are written as computations from the inputs' shapes. Loops and conditions are not followed.
 *
 * @param exampleInputs The arguments of `forward`: tensors, lists and plain objects of them, and
 * whatever else it takes, which becomes part of the file. A single tensor may stand alone.
 * @returns The bytes of the file; with `path`, it is written too (whole or not at all).
 * @throws {ValueError} for an operation without a form in ONNX, a forward that reads elements of its
 * tensors, one that does other things for other sizes, or names that do not fit.
 * @see torch.onnx.export; https://onnx.ai/onnx/operators
 *
 * @example
 * ```ts
 * import { randn } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * import { exportOnnx } from '@flambeau/onnx'
 * const net = new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 2))
 * const bytes = await exportOnnx(net, [randn([1, 4])], { dynamicAxes: { input: { 0: 'batch' } } })
 * console.log(bytes.length > 300) // => true
 * ```
 */
export async function exportOnnx(
  model: AnyModule,
  exampleInputs: Tensor | readonly unknown[],
  options: ExportOptions = {},
): Promise<Uint8Array> {
  requireOptions(OP, options)
  const { path = null, opset = 18, dynamicAxes = {}, freezeReads = false } = options
  if (path !== null) requireText(OP, 'path', path)
  if (!(model instanceof Module)) {
    throw new ValueError(
      OP,
      [],
      'the model must be a module',
      'wrap functions in a class with forward',
    )
  }
  if (!Number.isInteger(opset) || opset < LEAST || opset > MOST) {
    const rule = `opset ${show(opset)} is not one of ${LEAST} to ${MOST}`
    throw new ValueError(OP, [], rule, 'leave it out for 18')
  }
  const args = exampleInputs instanceof Tensor ? [exampleInputs] : exampleInputs
  if (!Array.isArray(args)) {
    throw new ValueError(OP, [], 'the example inputs must be a tensor or a list', 'pass [x]')
  }
  const leaves = leavesOf(args)
  const inputNames = namesFor(leaves, options.inputNames, 'input')
  requireDistinct(inputNames, 'inputs')
  const state = stateOf(model)
  const known = inputNames.find((name) => state.has(name))
  if (known !== undefined) {
    const rule = `an input has the name of the parameter '${known}'`
    throw new ValueError(OP, [], rule, 'pass other inputNames')
  }
  const tensors = leaves.map(({ tensor }, i) => ({ name: inputNames[i] as string, tensor }))
  const inputs = withAxes(tensors, dynamicAxes, options.outputNames ?? [])
  const graph = outsideScopes(() =>
    inEvaluation(model, () => {
      const { program, outputs } = programOf(
        (sizes) => traceOnce(model, args, inputs, state, sizes, { freezeReads, opset }),
        sizesOf(inputs),
      )
      const outputNames = namesFor(outputs, options.outputNames, 'output')
      requireDistinct([...inputNames, ...outputNames], 'inputs and outputs')
      return graphOf(program, { name: model.constructor.name, inputs, outputNames, state, opset })
    }),
  )
  const bytes = graph.initializer.reduce((sum, { rawData }) => sum + (rawData?.length ?? 0), 0)
  if (bytes > MAX_BYTES) {
    const rule = `the parameters have ${bytes} bytes, ONNX files hold ${MAX_BYTES}`
    throw new ValueError(OP, [], rule, 'convert the model with .half(), or export its parts')
  }
  const file = encodeModel({
    irVersion: BigInt(IR[opset - LEAST] as number),
    producerName: 'flambeau',
    opsetImport: [{ domain: '', version: BigInt(opset) }],
    graph,
  })
  if (path !== null) await writeAtomically(path, file)
  return file
}
