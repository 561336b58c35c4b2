/** Elementwise operators. */
import { clamp, full, maximum, minimum, ones, where } from '@flambeau/core'
import type { DType, Tensor } from '@flambeau/core'
import { functional as F } from '@flambeau/nn'
import { codeOfOnnx, dtypeName, onnxTypeName } from '../../dtypes.ts'
import type { NodeCall, Operator, Operators } from '../context.ts'

const one =
  (body: (x: Tensor) => Tensor): Operator =>
  (c) =>
    body(c.x())

const two =
  (body: (a: Tensor, b: Tensor, c: NodeCall) => Tensor): Operator =>
  (c) =>
    body(c.x(0), c.x(1), c)

/** Of any number of operands. */
const many =
  (body: (a: Tensor, b: Tensor) => Tensor): Operator =>
  (c) =>
    c.inputs.map((_, i) => c.x(i)).reduce(body)

const float = (c: NodeCall, name: string, otherwise: number): number =>
  Math.fround(c.int(name, otherwise))

/** Bounds are inputs, each of which may be left out. */
const clip: Operator = (c) => {
  const [low, high] = [c.optional(1), c.optional(2)]
  let x = c.x()
  if (low !== null) x = maximum(x, low)
  return high === null ? x : minimum(x, high)
}

function castTo(c: NodeCall, type: number): DType {
  const code = codeOfOnnx(type)
  if (code !== null) return dtypeName(code)
  throw c.fail(`casts to ${onnxTypeName(type)}, which flambeau has no dtype for`)
}

/** x where x > 0, a slope times x elsewhere; slopes broadcast from behind. */
const prelu: Operator = (c) => where(c.x().gt(0), c.x(), c.x().mul(c.x(1)))

const isInf: Operator = (c) => {
  const [up, down] = [c.int('detect_positive', 1), c.int('detect_negative', 1)]
  if (up === 1 && down === 1) return c.x().isinf()
  if (up === 1) return c.x().isposinf()
  return down === 1 ? c.x().isneginf() : c.x().isnan().logicalAnd(false)
}

const filled: Operator = (c) => {
  const shape = [...c.numbers(0)]
  if (c.value === null) return full(shape, 0, { dtype: 'float32' })
  return full(shape, Number(c.value.item()), { dtype: c.value.dtype as 'float32' })
}

export const elementwise: Operators = {
  Abs: one((x) => x.abs()),
  Acos: one((x) => x.acos()),
  Acosh: one((x) => x.acosh()),
  Asin: one((x) => x.asin()),
  Asinh: one((x) => x.asinh()),
  Atan: one((x) => x.atan()),
  Atanh: one((x) => x.atanh()),
  Ceil: one((x) => x.ceil()),
  Cos: one((x) => x.cos()),
  Cosh: one((x) => x.cosh()),
  Erf: one((x) => x.erf()),
  Exp: one((x) => x.exp()),
  Floor: one((x) => x.floor()),
  Identity: one((x) => x),
  IsNaN: one((x) => x.isnan()),
  IsInf: isInf,
  Log: one((x) => x.log()),
  Neg: one((x) => x.neg()),
  Not: one((x) => x.logicalNot()),
  BitwiseNot: one((x) => x.bitwiseNot()),
  Reciprocal: one((x) => x.reciprocal()),
  Relu: one((x) => x.relu()),
  Round: one((x) => x.round()),
  Sigmoid: one((x) => x.sigmoid()),
  Sign: one((x) => x.sign()),
  Sin: one((x) => x.sin()),
  Sinh: one((x) => x.sinh()),
  Softsign: one((x) => x.div(x.abs().add(1))),
  Sqrt: one((x) => x.sqrt()),
  Tan: one((x) => x.tan()),
  Tanh: one((x) => x.tanh()),
  Mish: one((x) => F.mish(x)),
  HardSwish: one((x) => F.hardswish(x)),
  Softplus: one((x) => F.softplus(x)),
  Gelu: (c) => F.gelu(c.x(), c.text('approximate', 'none') === 'tanh' ? 'tanh' : 'none'),
  Elu: (c) => F.elu(c.x(), float(c, 'alpha', 1)),
  Celu: (c) => F.celu(c.x(), float(c, 'alpha', 1)),
  Selu: (c) => {
    const [alpha, gamma] = [float(c, 'alpha', 1.6732632), float(c, 'gamma', 1.050701)]
    return F.elu(c.x(), alpha).mul(gamma)
  },
  LeakyRelu: (c) => F.leakyRelu(c.x(), float(c, 'alpha', 0.01)),
  ThresholdedRelu: (c) => where(c.x().gt(float(c, 'alpha', 1)), c.x(), 0),
  HardSigmoid: (c) =>
    clamp(
      c
        .x()
        .mul(float(c, 'alpha', 0.2))
        .add(float(c, 'beta', 0.5)),
      { min: 0, max: 1 },
    ),
  PRelu: prelu,
  Clip: clip,
  Add: two((a, b) => a.add(b)),
  Sub: two((a, b) => a.sub(b)),
  Mul: two((a, b) => a.mul(b)),
  Div: two((a, b) => (a.isFloatingPoint() ? a.div(b) : a.div(b, { roundingMode: 'trunc' }))),
  Pow: two((a, b) => a.pow(b).to(a.dtype as 'float32')),
  Mod: two((a, b, c) => (c.int('fmod', 0) === 1 ? a.fmod(b) : a.remainder(b))),
  BitwiseAnd: two((a, b) => a.bitwiseAnd(b)),
  BitwiseOr: two((a, b) => a.bitwiseOr(b)),
  BitwiseXor: two((a, b) => a.bitwiseXor(b)),
  And: two((a, b) => a.logicalAnd(b)),
  Or: two((a, b) => a.logicalOr(b)),
  Xor: two((a, b) => a.logicalXor(b)),
  Equal: two((a, b) => a.eq(b)),
  Less: two((a, b) => a.lt(b)),
  LessOrEqual: two((a, b) => a.le(b)),
  Greater: two((a, b) => a.gt(b)),
  GreaterOrEqual: two((a, b) => a.ge(b)),
  Max: many(maximum),
  Min: many(minimum),
  Sum: many((a, b) => a.add(b)),
  Mean: (c) =>
    c.inputs
      .map((_, i) => c.x(i))
      .reduce((a, b) => a.add(b))
      .div(c.inputs.length),
  Where: (c) => where(c.x(0), c.x(1), c.x(2)),
  Cast: (c) => c.x().to(castTo(c, c.int('to', 1))),
  CastLike: (c) => c.x().to(c.x(1).dtype as 'float32'),
  ConstantOfShape: filled,
  Dropout: (c) => {
    // What it drops in training is the business of the module that was exported.
    const mask = c.node.outputs.length > 1 ? ones(c.x().shape, { dtype: 'bool' }) : null
    return [c.x(), mask]
  },
}
