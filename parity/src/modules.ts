/**
 * Cases of PyTorch's module database, as goldens/modules/*.json holds them, and how one is run: the
 * class of the same name, made and called with PyTorch's arguments by the naming rule, where one says.
 */
import { readdirSync, readFileSync } from 'node:fs'
import * as autograd from '@flambeau/autograd'
import * as core from '@flambeau/core'
import type { Device } from '@flambeau/core'
import { Tensor } from '@flambeau/core'
import type { AnyModule, StateDict } from '@flambeau/nn'
import * as nn from '@flambeau/nn'
import type { Outcome, StoredTensor } from './cases.ts'
import { argument, differ, options, results, tensorOf, weights } from './cases.ts'

export interface ModuleCase {
  /** Of the constructor. */
  args: unknown[]
  kwargs: Record<string, unknown>
  /** Is the module in training mode? */
  train: boolean
  /** The state after construction with seed 0; missing for lazy modules. */
  init?: Record<string, StoredTensor>
  /** Of the call. */
  call: [args: unknown[], kwargs: Record<string, unknown>]
  out: StoredTensor[]
  /** The state after the call. */
  after: Record<string, StoredTensor>
  /** Of the sum of all outputs times cos(0.7 i + 0.3): for the tensors of the call that want one. */
  grads?: (StoredTensor | null)[]
  parameterGrads?: Record<string, StoredTensor>
}

type Class = new (...args: unknown[]) => AnyModule
type Callable = (...args: unknown[]) => unknown

const folder = new URL('../goldens/modules/', import.meta.url)

/** Names of the classes that there are cases of. */
export function moduleClasses(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -5))
    .sort()
}

/** The cases of a class. */
export function readModuleCases(name: string): ModuleCase[] {
  const text = readFileSync(new URL(`${name}.json`, folder), 'utf8')
  return (JSON.parse(text) as { cases: ModuleCase[] }).cases
}

function differingState(
  state: Readonly<StateDict>,
  wanted: Record<string, StoredTensor>,
  what: string,
): string | null {
  const [got, want] = [Object.keys(state).join(), Object.keys(wanted).join()]
  if (got !== want) return `${what}: the keys are ${got}, not ${want}`
  for (const [key, stored] of Object.entries(wanted)) {
    const why = differ(state[key] as Tensor, stored, `${what}.${key}`)
    if (why !== null) return why
  }
  return null
}

/** The arguments of a call; `input` has no name here, as all that come first. */
function called(
  args: readonly unknown[],
  { input, ...kwargs }: Record<string, unknown>,
  leaves: Tensor[],
): unknown[] {
  const first = input === undefined ? args : [input, ...args]
  const given = first.map((arg) => argument(arg, leaves))
  return Object.keys(kwargs).length > 0 ? [...given, options(kwargs, leaves)] : given
}

function compareGradients(
  outputs: readonly unknown[],
  leaves: Tensor[],
  module: AnyModule,
  test: ModuleCase,
): string | null {
  if (test.grads === undefined) return null
  const parameters = [...module.namedParameters()].filter(([, p]) => p.requiresGrad)
  let total: Tensor | null = null
  for (const out of outputs) {
    if (!(out instanceof Tensor) || !out.requiresGrad || !out.isFloatingPoint()) continue
    const term = out.mul(weights(out).to(out.device)).sum()
    total = total === null ? term : total.add(term)
  }
  if (total === null) return 'no result requires a gradient'
  const sources = [...leaves, ...parameters.map(([, parameter]) => parameter)]
  const found = autograd.grad(total, sources, { allowUnused: true })
  const wanted = [...test.grads, ...parameters.map(([name]) => test.parameterGrads?.[name] ?? null)]
  for (let i = 0; i < sources.length; i++) {
    const name = i < leaves.length ? `grad${i}` : `grad.${parameters[i - leaves.length]?.[0]}`
    const [grad, want] = [found[i] ?? null, wanted[i] ?? null]
    if (grad === null || want === null) {
      const other = want === null ? grad : tensorOf(want)
      if (other !== null && other.ne(0).any().item())
        return `${name} is ${grad ? 'given' : 'missing'}`
      continue
    }
    const why = differ(grad, want, name)
    if (why !== null) return why
  }
  return null
}

function differing(create: Class, test: ModuleCase, device: Device): string | null {
  core.manualSeed(0)
  const module = new create(...called(test.args, test.kwargs, []))
  module.train(test.train)
  if (test.init !== undefined) {
    const why = differingState(module.stateDict(), test.init, 'initial state')
    if (why !== null) return why
    const stored = Object.entries(test.init).map(([key, value]) => [key, tensorOf(value)] as const)
    module.loadStateDict(Object.fromEntries(stored))
  }
  // Only what is given is made there: what a module makes by itself must get there by itself.
  module.to(device)
  const leaves: Tensor[] = []
  const args = onDevice(device, () => called(...test.call, leaves))
  const given =
    test.kwargs['inplace'] === true
      ? args.map((arg) => (arg instanceof Tensor ? arg.clone() : arg))
      : args
  core.manualSeed(0)
  const outputs = results((module as unknown as Callable)(...given))
  if (outputs.length !== test.out.length) return `${outputs.length} results, not ${test.out.length}`
  for (const [i, want] of test.out.entries()) {
    const why = differ(outputs[i] as Tensor, want, `out${i}`)
    if (why !== null) return why
  }
  const after = differingState(module.stateDict(), test.after, 'state')
  return after ?? compareGradients(outputs, leaves, module, test)
}

function onDevice<T>(device: Device, make: () => T): T {
  core.setDefaultDevice(device)
  try {
    return make()
  } finally {
    core.setDefaultDevice(null)
  }
}

/** Runs one case. */
export function runModuleCase(name: string, test: ModuleCase, device: Device = 'cpu'): Outcome {
  const create = (nn as unknown as Record<string, Class | undefined>)[name]
  if (typeof create !== 'function') return { status: 'missing' }
  try {
    const why = differing(create, test, device)
    return why === null ? { status: 'pass' } : { status: 'fail', why }
  } catch (error) {
    const untyped = !(error instanceof core.FlambeauError)
    return { status: 'fail', why: `${untyped ? 'UNTYPED ' : ''}${(error as Error).message}` }
  }
}

/** What became of the cases of a class. */
export interface ModuleReport {
  name: string
  cases: number
  passed: number
  /** Is there no class of this name? */
  missing: boolean
  /** Why cases failed. */
  failures: string[]
}

/** Runs all cases of a class, with module and tensors on a device. */
export function reportModule(name: string, device: Device = 'cpu'): ModuleReport {
  const outcomes = readModuleCases(name).map((test) => runModuleCase(name, test, device))
  return {
    name,
    cases: outcomes.length,
    passed: outcomes.filter(({ status }) => status === 'pass').length,
    missing: outcomes.some(({ status }) => status === 'missing'),
    failures: outcomes.flatMap((outcome) => (outcome.status === 'fail' ? [outcome.why] : [])),
  }
}
