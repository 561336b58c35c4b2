/** What programs may choose about how results are computed. */
import type { Addon } from './native.ts'
import { addon } from './native.ts'
import { absent, withAddon } from './errors.ts'

function get(name: string): boolean {
  return addon !== null && addon.setting(name)
}

function set(op: string, name: string, on: boolean): void {
  if (addon === null) {
    if (!on) return
    throw absent(op)
  }
  addon.setSetting(name, on ? 1 : 0)
}

function convolutions(op: string): ReturnType<Addon['convolutions']> {
  return withAddon(op, (found) => found.convolutions())
}

/** Are results the same from run to run, even where that is slower? */
export function isDeterministic(): boolean {
  return get('deterministic')
}

/**
 * Makes results the same from run to run. Most are in any case; sums into the same place from many
 * threads (`indexAdd`, `scatterAdd`, the gradient of an embedding) otherwise depend on their order.
 *
 * @throws {DeviceError} if it is switched on without an addon.
 * @see torch.use_deterministic_algorithms
 */
export function setDeterministic(on: boolean): void {
  set('setDeterministic', 'deterministic', on)
}

/** Switches of the libraries, with PyTorch's names and defaults. */
export interface Backends {
  readonly cuda: {
    readonly matmul: {
      /** May products of float32 read only 10 bits of fraction, for speed? Default: false. */
      allowTf32: boolean
    }
  }
  readonly cudnn: {
    /** May convolutions of float32 read only 10 bits of fraction, for speed? Default: true. */
    allowTf32: boolean
    /** Are the algorithms of a convolution timed at its first call? Default: false. */
    benchmark: boolean
    /** The same as {@link setDeterministic}. */
    deterministic: boolean
    /**
     * The version of cuDNN as one number: 91002 is 9.10.2.
     *
     * @throws {DeviceError} if no GPU can be used, or cuDNN is not found.
     */
    version(): number
    /**
     * How many convolutions were computed by engines of cuDNN's graph interface, and by its older
     * functions, which lack the kernels for newer GPUs and serve what no engine takes; and why cuDNN
     * last refused an engine (empty: it did not).
     *
     * @throws {DeviceError} if no GPU can be used, or cuDNN is not found.
     */
    convolutions(): { engines: number; functions: number; refusal: string }
  }
}

/** Switches of the libraries. @see torch.backends */
export const backends: Backends = {
  cuda: {
    matmul: {
      get allowTf32() {
        return get('matmulTf32')
      },
      set allowTf32(on) {
        set('backends.cuda.matmul.allowTf32', 'matmulTf32', on)
      },
    },
  },
  cudnn: {
    get allowTf32() {
      return get('cudnnTf32')
    },
    set allowTf32(on) {
      set('backends.cudnn.allowTf32', 'cudnnTf32', on)
    },
    get benchmark() {
      return get('cudnnBenchmark')
    },
    set benchmark(on) {
      set('backends.cudnn.benchmark', 'cudnnBenchmark', on)
    },
    get deterministic() {
      return isDeterministic()
    },
    set deterministic(on) {
      setDeterministic(on)
    },
    version: () => convolutions('backends.cudnn.version').version,
    convolutions() {
      const { engines, functions, refusal } = convolutions('backends.cudnn.convolutions')
      return { engines, functions, refusal }
    },
  },
}
