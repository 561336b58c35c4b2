/** Random numbers on GPUs: a Philox stream that starts from the seed of the default generator. */
import {
  initialSeed as coreInitialSeed,
  manualSeed as coreManualSeed,
  seed as coreSeed,
} from '@flambeau/core'

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
