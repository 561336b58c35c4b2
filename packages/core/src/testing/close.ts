/** Comparison of tensors with a message that shows where they differ. */
import { Tensor } from '../tensor.ts'
import type { StoredTensor } from './goldens.ts'
import { storedNumber } from './goldens.ts'
import type { Tolerance } from './samples.ts'

/** By dtype: what rounding explains for a single operation. Integers and bools must be equal. */
export function defaultTolerance(dtype: string): Tolerance {
  if (dtype === 'float32') return { rtol: 1.3e-6, atol: 1e-5 }
  if (dtype === 'float64') return { rtol: 1e-10, atol: 1e-10 }
  if (dtype === 'float16') return { rtol: 1e-3, atol: 1e-5 }
  if (dtype === 'bfloat16') return { rtol: 1.6e-2, atol: 1e-5 }
  return { rtol: 0, atol: 0 }
}

/**
 * Throws unless dtype and shape are equal and |actual - expected| ≤ atol + rtol · |expected|
 * everywhere (NaN equals NaN). The message lists positions, both values and the difference.
 */
export function assertClose(
  actual: Tensor,
  expected: Tensor | StoredTensor,
  tolerance: Tolerance = defaultTolerance(expected.dtype),
  what = 'tensor',
): void {
  const shape = [...expected.shape]
  if (actual.dtype !== expected.dtype || actual.shape.join() !== shape.join()) {
    throw new Error(
      `${what}: got ${actual.dtype} [${actual.shape.join(', ')}], expected ${expected.dtype} [${shape.join(', ')}]`,
    )
  }
  const got = actual.toArray()
  const want = !(expected instanceof Tensor)
    ? Float64Array.from(expected.data, storedNumber)
    : expected.toArray()
  const wrong: string[] = []
  let count = 0
  for (let i = 0; i < want.length; i++) {
    const a = got[i] as number
    const e = want[i] as number
    if (Object.is(a, e) || a === e || (Number.isNaN(a) && Number.isNaN(e))) continue
    const difference = Math.abs(a - e)
    if (difference <= tolerance.atol + tolerance.rtol * Math.abs(e)) continue
    count++
    if (wrong.length < 8)
      wrong.push(`  [${position(i, shape)}] got ${a}, expected ${e}, off by ${difference}`)
  }
  if (count === 0) return
  throw new Error(
    [
      `${what}: ${count} of ${want.length} elements differ (rtol ${tolerance.rtol}, atol ${tolerance.atol})`,
      ...wrong,
      ...(count > wrong.length ? [`  … and ${count - wrong.length} more`] : []),
    ].join('\n'),
  )
}

function position(index: number, shape: readonly number[]): string {
  const out: number[] = []
  let rest = index
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number
    out.unshift(rest % size)
    rest = Math.floor(rest / size)
  }
  return out.join(', ')
}
