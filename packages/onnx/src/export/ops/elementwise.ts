/** Elementwise operations. */
import { CODE, isFloating } from '../../dtypes.ts'
import type { Context, Form, Forms } from '../context.ts'

/** One node of the same arguments, computed in the result's dtype. */
const one =
  (type: string): Form =>
  (c) =>
    c.g.node(type, [c.as(0)])

const two =
  (type: string): Form =>
  (c) =>
    c.g.node(type, [c.as(0), c.as(1)])

/** A comparison: both sides in one dtype, the result bool. */
const compare =
  (type: string): Form =>
  (c) => {
    const dtype = c.call.numberDtype
    const small = [CODE.bool, CODE.uint8, CODE.int8, CODE.int16] as readonly number[]
    // Runtimes compare these for equality at most.
    const common = small.includes(dtype) ? CODE.int32 : dtype
    return c.g.node(type, [c.as(0, common), c.as(1, common)])
  }

const not =
  (form: Form): Form =>
  (c) =>
    c.g.node('Not', [form(c) as string])

const logical =
  (type: string): Form =>
  (c) =>
    c.g.node(type, [c.as(0, CODE.bool), c.as(1, CODE.bool)])

/** f(x) from other functions, x in the result's dtype. */
const made =
  (body: (c: Context, x: string) => string): Form =>
  (c) =>
    body(c, c.as(0))

const scalar = (c: Context, value: number): string => c.g.scalar(value, c.out.dtype)

/** a + alpha · b. */
const sum =
  (type: 'Add' | 'Sub'): Form =>
  (c) => {
    const alpha = c.call.numbers.length > 0 ? c.int(0) : 1
    let other = c.as(1)
    if (alpha !== 1) other = c.g.node('Mul', [other, scalar(c, alpha)])
    if (c.out.dtype === CODE.bool) return c.g.node('Or', [c.as(0), other])
    return c.g.node(type, [c.as(0), other])
  }

/** The larger or smaller of two; ONNX has it for numbers only, which bools are not. */
const extreme =
  (type: 'Max' | 'Min'): Form =>
  (c) =>
    c.out.dtype === CODE.bool
      ? c.g.node(type === 'Max' ? 'Or' : 'And', [c.as(0), c.as(1)])
      : c.g.node(type, [c.as(0), c.as(1)])

/** A quotient rounded down; that of integers is cut in ONNX. */
function floorQuotient(c: Context): string {
  const { g } = c
  if (isFloating(c.out.dtype)) return g.node('Floor', [g.node('Div', [c.as(0), c.as(1)])])
  const [a, b] = [c.as(0), c.as(1)]
  // (a - a mod b) / b, the remainder having the divisor's sign.
  return g.node('Div', [g.node('Sub', [a, g.node('Mod', [a, b])]), b])
}

function remainder(c: Context): string {
  const { g } = c
  const [a, b] = [c.as(0), c.as(1)]
  if (!isFloating(c.out.dtype)) return g.node('Mod', [a, b])
  return g.node('Sub', [a, g.node('Mul', [g.node('Floor', [g.node('Div', [a, b])]), b])])
}

const geluTanh: Form = made((c, x) => {
  const { g } = c
  if (c.opset >= 20) return g.node('Gelu', [x], { approximate: 'tanh' })
  const cube = g.node('Mul', [g.node('Mul', [x, x]), x])
  const inner = g.node('Add', [x, g.node('Mul', [cube, scalar(c, 0.044715)])])
  const curve = g.node('Tanh', [g.node('Mul', [inner, scalar(c, Math.sqrt(2 / Math.PI))])])
  const half = g.node('Mul', [x, scalar(c, 0.5)])
  return g.node('Mul', [half, g.node('Add', [curve, scalar(c, 1)])])
})

const gelu: Form = made((c, x) => {
  const { g } = c
  if (c.opset >= 20) return g.node('Gelu', [x])
  const curve = g.node('Erf', [g.node('Div', [x, scalar(c, Math.SQRT2)])])
  const half = g.node('Mul', [x, scalar(c, 0.5)])
  return g.node('Mul', [half, g.node('Add', [curve, scalar(c, 1)])])
})

/** log(1 + e^(βx)) / β, and x where βx exceeds the threshold. */
const softplus: Form = made((c, x) => {
  const { g } = c
  const [beta, threshold] = [c.int(0), c.int(1)]
  const scaled = beta === 1 ? x : g.node('Mul', [x, scalar(c, beta)])
  const soft = g.node('Softplus', [scaled])
  const value = beta === 1 ? soft : g.node('Div', [soft, scalar(c, beta)])
  return g.node('Where', [g.node('Greater', [scaled, scalar(c, threshold)]), x, value])
})

/** above · x where x > 0, below · scale-curve elsewhere. */
const elu: Form = made((c, x) => {
  const { g } = c
  const [below, above, scale] = [c.int(0), c.int(1), c.int(2)]
  if (above === 1 && scale === 1) return g.node('Elu', [x], { alpha: { float: below } })
  const scaled = g.node('Mul', [g.node('Min', [x, scalar(c, 0)]), scalar(c, scale)])
  const curve = g.node('Sub', [g.node('Exp', [scaled]), scalar(c, 1)])
  const low = g.node('Mul', [curve, scalar(c, below)])
  const high = g.node('Mul', [x, scalar(c, above)])
  return g.node('Where', [g.node('Greater', [x, scalar(c, 0)]), high, low])
})

/** A logarithm of another base. */
const logarithm = (base: number): Form =>
  made((c, x) => c.g.node('Div', [c.g.node('Log', [x]), scalar(c, Math.log(base))]))

const product = (c: Context): string =>
  c.out.dtype === CODE.bool
    ? c.g.node('And', [c.as(0), c.as(1)])
    : c.g.node('Mul', [c.as(0), c.as(1)])

/** input + value · (a op b). */
const added =
  (type: 'Mul' | 'Div'): Form =>
  (c) => {
    const value = c.call.numbers.length > 0 ? c.int(0) : 1
    const part = c.g.node(type, [c.as(1), c.as(2)])
    const scaled = value === 1 ? part : c.g.node('Mul', [part, scalar(c, value)])
    return c.g.node('Add', [c.as(0), scaled])
  }

export const elementwise: Forms = {
  relu: one('Relu'),
  sigmoid: one('Sigmoid'),
  tanh: one('Tanh'),
  exp: one('Exp'),
  log: one('Log'),
  sqrt: one('Sqrt'),
  abs: one('Abs'),
  neg: one('Neg'),
  sign: one('Sign'),
  floor: one('Floor'),
  ceil: one('Ceil'),
  round: one('Round'),
  erf: one('Erf'),
  sin: one('Sin'),
  cos: one('Cos'),
  tan: one('Tan'),
  asin: one('Asin'),
  acos: one('Acos'),
  atan: one('Atan'),
  sinh: one('Sinh'),
  cosh: one('Cosh'),
  asinh: one('Asinh'),
  acosh: one('Acosh'),
  atanh: one('Atanh'),
  reciprocal: one('Reciprocal'),
  gelu,
  geluTanh,
  softplus,
  elu,
  silu: made((c, x) => c.g.node('Mul', [x, c.g.node('Sigmoid', [x])])),
  square: made((c, x) => c.g.node('Mul', [x, x])),
  rsqrt: made((c, x) => c.g.node('Reciprocal', [c.g.node('Sqrt', [x])])),
  exp2: made((c, x) => c.g.node('Pow', [scalar(c, 2), x])),
  expm1: made((c, x) => c.g.node('Sub', [c.g.node('Exp', [x]), scalar(c, 1)])),
  log1p: made((c, x) => c.g.node('Log', [c.g.node('Add', [x, scalar(c, 1)])])),
  log2: logarithm(2),
  log10: logarithm(10),
  erfc: made((c, x) => c.g.node('Sub', [scalar(c, 1), c.g.node('Erf', [x])])),
  trunc: made((c, x) =>
    c.g.node('Mul', [c.g.node('Sign', [x]), c.g.node('Floor', [c.g.node('Abs', [x])])]),
  ),
  frac: made((c, x) => {
    const whole = c.g.node('Floor', [c.g.node('Abs', [x])])
    return c.g.node('Sub', [x, c.g.node('Mul', [c.g.node('Sign', [x]), whole])])
  }),
  isnan: (c) => c.g.node('IsNaN', [c.in(0)]),
  isinf: (c) => c.g.node('IsInf', [c.in(0)]),
  isposinf: (c) => c.g.node('IsInf', [c.in(0)], { detect_negative: 0 }),
  isneginf: (c) => c.g.node('IsInf', [c.in(0)], { detect_positive: 0 }),
  isfinite: (c) =>
    c.g.node('Not', [c.g.node('Or', [c.g.node('IsNaN', [c.in(0)]), c.g.node('IsInf', [c.in(0)])])]),
  add: sum('Add'),
  sub: sum('Sub'),
  mul: product,
  div: two('Div'),
  pow: two('Pow'),
  floorDivide: floorQuotient,
  flatQuotient: two('Div'),
  truncDivide: (c) =>
    isFloating(c.out.dtype)
      ? c.g.cast(
          c.g.cast(c.g.node('Div', [c.as(0), c.as(1)]), c.out.dtype, CODE.int64),
          CODE.int64,
          c.out.dtype,
        )
      : c.g.node('Div', [c.as(0), c.as(1)]),
  remainder,
  fmod: (c) => c.g.node('Mod', [c.as(0), c.as(1)], { fmod: 1 }),
  maximum: extreme('Max'),
  minimum: extreme('Min'),
  clamp: (c) => c.g.node('Min', [c.g.node('Max', [c.as(0), c.as(1)]), c.as(2)]),
  clampMin: extreme('Max'),
  clampMax: extreme('Min'),
  atan2: (c) => {
    const { g } = c
    const [y, x] = [c.as(0), c.as(1)]
    const zero = scalar(c, 0)
    const raw = g.node('Atan', [g.node('Div', [y, x])])
    const turned = g.node('Where', [
      g.node('Less', [y, zero]),
      g.node('Sub', [raw, scalar(c, Math.PI)]),
      g.node('Add', [raw, scalar(c, Math.PI)]),
    ])
    const atZero = g.node('Mul', [g.node('Sign', [y]), scalar(c, Math.PI / 2)])
    const left = g.node('Where', [g.node('Less', [x, zero]), turned, raw])
    return g.node('Where', [g.node('Equal', [x, zero]), atZero, left])
  },
  hypot: (c) => {
    const squares = [c.as(0), c.as(1)].map((x) => c.g.node('Mul', [x, x]))
    return c.g.node('Sqrt', [c.g.node('Add', squares)])
  },
  logaddexp: (c) => {
    const { g } = c
    const [a, b] = [c.as(0), c.as(1)]
    const near = g.node('Exp', [g.node('Neg', [g.node('Abs', [g.node('Sub', [a, b])])])])
    return g.node('Add', [
      g.node('Max', [a, b]),
      g.node('Log', [g.node('Add', [near, scalar(c, 1)])]),
    ])
  },
  nanToNum: (c) => {
    const { g } = c
    const x = c.as(0)
    const [nan, high, low] = [scalar(c, c.int(0)), scalar(c, c.int(1)), scalar(c, c.int(2))]
    const up = g.node('Where', [g.node('IsInf', [x], { detect_negative: 0 }), high, x])
    const finite = g.node('Where', [g.node('IsInf', [x], { detect_positive: 0 }), low, up])
    return g.node('Where', [g.node('IsNaN', [x]), nan, finite])
  },
  eq: compare('Equal'),
  ne: not(compare('Equal')),
  lt: compare('Less'),
  le: compare('LessOrEqual'),
  gt: compare('Greater'),
  ge: compare('GreaterOrEqual'),
  logicalAnd: logical('And'),
  logicalOr: logical('Or'),
  logicalXor: logical('Xor'),
  logicalNot: (c) => c.g.node('Not', [c.as(0, CODE.bool)]),
  bitwiseAnd: (c) =>
    c.g.node(c.out.dtype === CODE.bool ? 'And' : needs18(c, 'BitwiseAnd'), [c.as(0), c.as(1)]),
  bitwiseOr: (c) =>
    c.g.node(c.out.dtype === CODE.bool ? 'Or' : needs18(c, 'BitwiseOr'), [c.as(0), c.as(1)]),
  bitwiseXor: (c) =>
    c.g.node(c.out.dtype === CODE.bool ? 'Xor' : needs18(c, 'BitwiseXor'), [c.as(0), c.as(1)]),
  bitwiseNot: (c) =>
    c.g.node(c.out.dtype === CODE.bool ? 'Not' : needs18(c, 'BitwiseNot'), [c.as(0)]),
  where: (c) => c.g.node('Where', [c.in(0), c.as(1), c.as(2)]),
  maskedFill: (c) => {
    const [input, value] = [c.as(0), c.as(2)]
    return c.g.node('Where', [c.in(1), ...(c.int(0) === 1 ? [input, value] : [value, input])])
  },
  lerp: (c) => {
    const { g } = c
    const step = g.node('Mul', [g.node('Sub', [c.as(1), c.as(0)]), c.as(2)])
    return g.node('Add', [c.as(0), step])
  },
  addcmul: added('Mul'),
  addcdiv: added('Div'),
  cast: (c) => c.g.cast(c.in(0), c.tensor(0).dtype, c.out.dtype),
}

function needs18(c: Context, type: string): string {
  if (c.opset >= 18) return type
  throw c.refuse(`${type} came with opset 18, this export is of ${c.opset}`, 'pass { opset: 18 }')
}
