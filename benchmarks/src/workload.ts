/** What a workload is, and the ways to make one. */
import { grad, setGradEnabled } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { autocast, randint, randn } from '@flambeau/core'
import { Module } from '@flambeau/nn'
import type { Optimizer } from '@flambeau/optim'
import type { BenchDevice, Precision } from './protocol.ts'

/** A workload that is ready to run. */
export interface Work {
  /** One call: what is timed. */
  readonly step: () => unknown
  /** The result to compare with PyTorch's, computed after the seed was set again. */
  readonly check: (() => readonly Tensor[]) | null
  /** Of the steps so far; null unless the workload trains. */
  readonly losses: readonly number[] | null
}

export interface Workload {
  readonly name: string
  /** One line for --list. */
  readonly summary: string
  readonly group: 'train' | 'infer' | 'micro'
  /** Uncontended samples that a process takes. */
  readonly samples: number
  /** Steps whose losses are compared. */
  readonly firstSteps: number
  /** Makes weights and data. Random numbers are drawn in the order of pytorch/workloads.py. */
  readonly build: () => Work
}

export const million: number = 1 << 20
export const millions16: number = 1 << 24

/** Random class labels. */
export function labels(count: number, classes: number): Tensor {
  return randint(classes, [count])
}

/** Random numbers that want a gradient. */
export function leaf(shape: readonly number[]): Tensor {
  return randn(shape, { requiresGrad: true })
}

/** One batch: what the loss function takes besides the model. */
export type Batch = Tensor[]

/** What a step needs of an optimizer. */
export type Steps = Pick<Optimizer, 'zeroGrad' | 'step'>

export interface Training<Model, B extends Batch> {
  readonly model: Model
  readonly optimizer: Steps
  readonly batches: readonly B[]
  readonly loss: (model: Model, ...batch: B) => Tensor
}

/** Settings of the run that definitions ask for. */
export const settings: {
  dropout: boolean
  device: BenchDevice
  precision: Precision
  /** Captures work of a GPU and returns what replays it; null where steps run one by one. */
  capture: ((body: () => Tensor) => () => Tensor) | null
} = { dropout: true, device: 'cpu', precision: 'float32', capture: null }

/** A loss under the run's precision. */
function inPrecision(loss: () => Tensor): Tensor {
  if (settings.precision === 'float32') return loss()
  return autocast(settings.device, settings.precision, loss)
}

/** The probability of dropout; 0 where the run is without. */
export function dropoutOf(probability: number): number {
  return settings.dropout ? probability : 0
}

/** A step that replays what was captured of it, on tensors into which each batch is copied. */
function replayed<B extends Batch>(learn: (batch: B) => Tensor, first: B): (batch: B) => Tensor {
  const held = first.map((part) => part.clone()) as B
  const replay = settings.capture?.(() => learn(held)) as () => Tensor
  return (batch) => {
    held.forEach((part, i) => part.copy_(batch[i] as Tensor))
    return replay()
  }
}

/** A training step: forward, loss, backward, optimizer, and the loss as a number. */
export function train<Model, B extends Batch>(
  named: Pick<Workload, 'name' | 'summary' | 'samples' | 'firstSteps'>,
  make: () => Training<Model, B>,
): Workload {
  const build = (): Work => {
    const { model, optimizer, batches: made, loss: lossOf } = make()
    // Drawn by the processor, so that both sides start from the same numbers.
    if (model instanceof Module) model.to(settings.device)
    const batches = made.map((batch) => batch.map((part) => part.to(settings.device)) as B)
    const losses: number[] = []
    const learn = (batch: B): Tensor => {
      optimizer.zeroGrad()
      const loss = inPrecision(() => lossOf(model, ...batch))
      loss.backward()
      optimizer.step()
      return loss
    }
    const learnNext = settings.capture === null ? learn : replayed(learn, batches[0] as B)
    const step = (): void => {
      const batch = batches[losses.length % batches.length] as B
      losses.push(learnNext(batch).item())
    }
    return { step, check: null, losses }
  }
  return { ...named, group: 'train', build }
}

/** A model that is asked without gradients. */
export function infer(
  name: string,
  summary: string,
  samples: number,
  make: () => Pick<Work, 'step' | 'check'>,
): Workload {
  const build = (): Work => ({ ...make(), losses: null })
  return { name, summary, group: 'infer', samples, firstSteps: 0, build }
}

/** What an operation may return. */
type Result = Tensor | Iterable<Tensor | null>

function listed(result: Result): readonly Tensor[] {
  if (Symbol.iterator in result) return [...result].filter((part) => part !== null)
  return [result]
}

function micro(name: string, summary: string, build: () => Work): Workload {
  return { name, summary, group: 'micro', samples: 30, firstSteps: 0, build }
}

function checked(step: () => Result): Work {
  return { step, check: () => listed(step()), losses: null }
}

/** An operation that runs without recording. */
export function plain(name: string, summary: string, make: () => () => Result): Workload {
  return micro(name, summary, () => {
    setGradEnabled(false)
    return checked(make())
  })
}

/** Like {@link plain}, for a step whose result depends on the steps before it. */
export function stateful(name: string, summary: string, make: () => () => unknown): Workload {
  return micro(name, summary, () => {
    setGradEnabled(false)
    return { step: make(), check: null, losses: null }
  })
}

/** An operation that runs while operations are recorded. */
export function recorded(name: string, summary: string, make: () => () => Result): Workload {
  return micro(name, summary, () => checked(make()))
}

/** A function and the tensors whose gradients are wanted. */
export type Differentiable = readonly [run: () => Tensor, inputs: readonly Tensor[]]

/** Random weights of an output, in the memory order of that output. */
function weightsOf(output: Tensor): Tensor {
  const weights = randn(output.shape)
  return output.isContiguous() ? weights : output.detach().clone().copy_(weights)
}

/** Forward and backward pass. */
export function forwardBackward(
  name: string,
  summary: string,
  make: () => Differentiable,
): Workload {
  return micro(name, summary, () => {
    const [run, inputs] = make()
    const gradOutputs = weightsOf(run())
    return checked(() => grad(run(), inputs, { gradOutputs }))
  })
}

/** The backward pass alone; the graph is kept. */
export function backwardAlone(name: string, summary: string, make: () => Differentiable): Workload {
  return micro(name, summary, () => {
    const [run, inputs] = make()
    const output = run()
    const gradOutputs = weightsOf(output)
    return checked(() => grad(output, inputs, { gradOutputs, retainGraph: true }))
  })
}
