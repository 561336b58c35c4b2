/** Random numbers on GPUs: a Philox stream that starts from the seed of the default generator. */
import {
  getRngState as coreGetRngState,
  initialSeed as coreInitialSeed,
  manualSeed as coreManualSeed,
  seed as coreSeed,
  setRngState as coreSetRngState,
} from '@flambeau/core'
import type { Tensor } from '@flambeau/core'

/**
 * Seeds the default generator. There is one for all devices, so that this is core's `manualSeed`: a
 * program that calls either draws the same numbers in each run, on the processor and on GPUs.
 *
 * @throws {ValueError} unless `seed` is a whole number of at most 64 bits.
 * @see torch.cuda.manual_seed
 */
export function manualSeed(seed: number | bigint): void {
  coreManualSeed(seed)
}

/** The same as {@link manualSeed}. @see torch.cuda.manual_seed_all */
export function manualSeedAll(seed: number | bigint): void {
  coreManualSeed(seed)
}

/** Seeds the default generator unpredictably, and returns the seed. @see torch.cuda.seed */
export function seed(): bigint {
  return coreSeed()
}

/** The seed that the default generator was started from. @see torch.cuda.initial_seed */
export function initialSeed(): bigint {
  return coreInitialSeed()
}

/**
 * Where the default generator is: uint8 `[5056]`, core's `getRngState`. It says where the streams of
 * the processor and of GPUs are, which have one generator.
 *
 * @see torch.cuda.get_rng_state
 */
export function getRngState(): Tensor {
  return coreGetRngState()
}

/**
 * Continues the default generator from a state, on the processor and on GPUs.
 *
 * @throws {DTypeError, ShapeError, ValueError} unless it is one of {@link getRngState}.
 * @see torch.cuda.set_rng_state
 */
export function setRngState(newState: Tensor): void {
  coreSetRngState(newState)
}
