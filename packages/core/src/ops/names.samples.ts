/** Other names of elementwise functions, and forms that write into their first argument. */
import * as core from '../index.ts'
import { tensor } from '../index.ts'
import type { Sample } from '../testing/samples.ts'
import { samplesFor } from '../testing/samples.ts'
import { Tensor } from '../tensor.ts'

type Call = (...inputs: Tensor[]) => Tensor

const NAMES =
  `abs_ absolute absolute_ acos_ arccos arccos_ arcsin arcsin_ arctan arctan_ arcsinh arcsinh_
  arctanh arctanh_ asin_ atan_ ceil_ celu_ cos_ cosh_ erf_ exp2_ exp_ expm1_ fix fix_ floor_ log10_
  log1p_ log2_ log_ logicalNot_ neg_ negative negative_ reciprocal_ relu_ round_ rsqrt_ selu_ sgn_
  sigmoid_ sign_ sin_ sinh_ sqrt_ square_ tan_ tanh_ trunc_ psi expit arccosh arccosh_ gammaln arctan2
  arctan2_ atan2_ add_ sub_ subtract subtract_ mul_ multiply multiply_ div_ divide divide_ trueDivide
  trueDivide_ floorDivide_ fmod_ remainder_ pow_ hypot_ eq_ ne_ notEqual notEqual_ lt_ less less_ le_
  lessEqual lessEqual_ gt_ greater greater_ ge_ greaterEqual greaterEqual_ logicalAnd_ logicalOr_
  logicalXor_ clampMin_ clampMax_ bitwiseAnd_ bitwiseOr_ bitwiseXor_ bitwiseLeftShift_
  bitwiseRightShift_ bitwiseNot_ clamp_ clip clip_ lerp_ addcmul_ addcdiv_`.split(/\s+/)

/** All places that have the name: a method, a function, a special function. */
function calls(name: string): [string, Call][] {
  const copied = (x: Tensor): Tensor => (name.endsWith('_') ? x.clone() : x)
  const found: [string, Call][] = []
  const method = (Tensor.prototype as unknown as Record<string, Call>)[name]
  if (method !== undefined) {
    found.push(['as a method', (x, ...rest) => method.apply(copied(x), rest)])
  }
  for (const [where, space] of [
    ['as a function', core],
    ['as a special function', core.special],
  ] as const) {
    const fn = (space as unknown as Record<string, Call | undefined>)[name]
    if (fn !== undefined) {
      found.push([where, (x, ...rest) => fn(copied(x), ...rest)])
    }
  }
  return found
}

// The records are checked by finite differences under their own names.
for (const name of NAMES) {
  samplesFor(
    name,
    calls(name).map(([where, run]): Sample => ({
      name: where,
      golden: `names:${name}`,
      run,
      gradcheck: false,
    })),
  )
}

samplesFor('threshold_', [
  {
    name: 'as a function',
    golden: 'names:threshold_',
    run: (x: Tensor) => core.threshold_(x.clone(), 0.5, -2),
  },
])
samplesFor('gammainc', [
  {
    name: 'as a special function',
    golden: 'names:gammainc',
    run: (x: Tensor) => core.special.gammainc(tensor([1.5], { dtype: x.dtype }), x),
  },
])
samplesFor('gammaincc', [
  {
    name: 'as a special function',
    golden: 'names:gammaincc',
    run: (x: Tensor) => core.special.gammaincc(tensor([1.5], { dtype: x.dtype }), x),
  },
])
samplesFor('multigammaln', [
  {
    name: 'as a special function',
    golden: 'names:multigammaln',
    run: (x: Tensor) => core.special.multigammaln(x, 2),
  },
])
