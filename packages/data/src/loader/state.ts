/** What a loader saves of itself. */
import { defaultGenerator, Generator, Tensor, ValueError } from '@flambeau/core'

/** A sampler's part of a state. */
export interface SamplerState {
  /** Of its generator, if it has one. */
  readonly generator: Tensor | null
  /** What its own `stateDict` gave. */
  readonly state: Readonly<Record<string, unknown>> | null
}

/** Where a loader is: only tensors, numbers, booleans, lists and plain objects. */
export interface LoaderState {
  readonly version: 1
  /** Epochs before the running one, or before the next one. */
  readonly epoch: number
  /** Is an epoch on? */
  readonly running: boolean
  /** Was its sampler asked for anything yet? */
  readonly begun: boolean
  /** Batches that the loop has had of it. */
  readonly batches: number
  /** Numbers of later batches that the loop has had, where their order is free. */
  readonly ahead: readonly number[]
  readonly numWorkers: number
  /** Of the loader's own generator, before the epoch. */
  readonly generator: Tensor | null
  /** Of the default generator, before the epoch. */
  readonly defaultGenerator: Tensor | null
  readonly samplers: readonly SamplerState[]
}

interface StatefulSampler {
  generator?: unknown
  stateDict?: () => Record<string, unknown>
  loadStateDict?: (state: Readonly<Record<string, unknown>>) => void
}

/** A sampler's own generator. The default one is not the sampler's to change. */
function generatorOf({ generator }: StatefulSampler): Generator | null {
  return generator instanceof Generator && generator !== defaultGenerator ? generator : null
}

/** The state of samplers before an epoch. */
export function saveSamplers(samplers: readonly unknown[]): SamplerState[] {
  return samplers.map((one) => {
    const sampler = (one ?? {}) as StatefulSampler
    return {
      generator: generatorOf(sampler)?.getState() ?? null,
      state: typeof sampler.stateDict === 'function' ? sampler.stateDict() : null,
    }
  })
}

/** Takes samplers back to a state. */
export function restoreSamplers(
  samplers: readonly unknown[],
  states: readonly SamplerState[],
): void {
  for (const [i, { generator, state }] of states.entries()) {
    const sampler = (samplers[i] ?? {}) as StatefulSampler
    if (generator !== null) generatorOf(sampler)?.setState(generator)
    if (state !== null) sampler.loadStateDict?.(state)
  }
}

const count = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const tensorOrNull = (value: unknown): boolean => value === null || value instanceof Tensor

const CHECKS: Readonly<Record<keyof LoaderState, (value: unknown) => boolean>> = {
  version: (value) => value === 1,
  epoch: count,
  running: (value) => typeof value === 'boolean',
  begun: (value) => typeof value === 'boolean',
  batches: count,
  ahead: (value) => Array.isArray(value) && value.every(count),
  numWorkers: count,
  generator: tensorOrNull,
  defaultGenerator: tensorOrNull,
  samplers: (value) => Array.isArray(value) && value.every(isSamplerState),
}

function isSamplerState(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { generator, state } = value as Partial<SamplerState>
  return tensorOrNull(generator) && (state === null || typeof state === 'object')
}

/** @throws {ValueError} if it is not a state of a loader. */
export function readState(state: unknown): LoaderState {
  const given = (typeof state === 'object' && state !== null ? state : {}) as LoaderState
  for (const [name, check] of Object.entries(CHECKS)) {
    if (check(given[name as keyof LoaderState])) continue
    throw new ValueError(
      'loadStateDict',
      [],
      `'${name}' is missing or is not what a loader saves`,
      'pass what stateDict() gave',
    )
  }
  return given
}
