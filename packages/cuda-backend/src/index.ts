/**
 * NVIDIA GPUs for flambeau. Importing this package makes the device `'cuda'` known, where there is one;
 * where there is none, nothing fails until someone asks for it.
 */
import './register.ts'
import * as members from './all.ts'
import { isDeterministic, setDeterministic } from './settings.ts'

export * from './all.ts'

/** All of this package under one name, as `torch.cuda`, with the switch `cuda.deterministic`. */
export type Cuda = typeof members & {
  /** Are results the same from run to run, even where that is slower? See `setDeterministic`. */
  deterministic: boolean
}

/** All of this package under one name. @see torch.cuda */
export const cuda: Cuda = Object.freeze(
  Object.defineProperty({ ...members }, 'deterministic', {
    enumerable: true,
    get: isDeterministic,
    set: setDeterministic,
  }),
) as Cuda
