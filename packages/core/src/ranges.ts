/** Numbers at equal distances, or in equal proportions. */
import type { Arguments } from './arguments.ts'
import { isNamed, parameters } from './arguments.ts'
import type { CreationOptions } from './creation-options.ts'
import { checkOptions, chooseDtype, CREATION, finish, fullCode } from './creation-options.ts'
import type { Device } from './device.ts'
import type { DType, DTypeCode } from './dtype.ts'
import { BOOL, defaultFloatCode, dtypeName, FLOAT64, INT64, isFloatingCode } from './dtype.ts'
import { DTypeError, ShapeError, ValueError } from './errors.ts'
import { defineOp, run } from './op.ts'
import { castCode } from './ops/cast.ts'
import { checkShape } from './shape.ts'
import { show } from './show.ts'
import type { AnyDType } from './tensor.ts'
import { Tensor } from './tensor.ts'

const arangeOp = defineOp('arange', [], { derivative: {} })
const linspaceOp = defineOp('linspace', [], { derivative: {} })

/** A bound: a number, or a tensor without axes. */
export type Bound = number | boolean | Tensor

interface Scalar {
  value: number
  floating: boolean
}

/** @throws {ValueError, ShapeError} unless `bound` is a number or a tensor without axes. */
function scalarOf(op: string, name: string, bound: unknown): Scalar {
  if (bound instanceof Tensor) {
    if (bound.ndim === 0)
      return { value: Number(bound.item()), floating: isFloatingCode(bound._dtype) }
    throw new ShapeError(
      op,
      { [name]: bound },
      `${name} has ${bound.ndim} axes; only tensors without axes are numbers`,
      'select one element',
    )
  }
  if (typeof bound === 'number' || typeof bound === 'boolean') {
    return { value: Number(bound), floating: !Number.isInteger(Number(bound)) }
  }
  throw new ValueError(op, [], `${name} must be a number, not ${show(bound)}`, `${op}(0, 10, …)`)
}

function refuseBool(op: string, dtype: DTypeCode): void {
  if (dtype !== BOOL) return
  throw new DTypeError(op, [], 'numbers in a row cannot be bool', "leave dtype out, or 'uint8'")
}

/** What {@link arange} takes by name. */
export interface ArangeOptions<D extends DType = DType> extends CreationOptions<D> {
  /** Default 0. */
  start?: Bound
  end?: Bound
  /** Default 1. */
  step?: Bound
}

type Range<D extends DType> = CreationOptions<D>

/**
 * The numbers from `start` (default 0) up to and without `end`, `step` (default 1) apart. Dtype:
 * int64 if all three are whole, else floating.
 *
 * @throws {ValueError} if `step` is 0, leads away from `end`, or a bound is not finite.
 * @throws {DTypeError} for bool.
 * @see torch.arange
 */
export function arange<D extends DType = AnyDType>(end: Bound, options?: Range<D>): Tensor<D>
export function arange<D extends DType = AnyDType>(
  start: Bound,
  end: Bound,
  options?: Range<D> & { step?: Bound },
): Tensor<D>
export function arange<D extends DType = AnyDType>(
  start: Bound,
  end: Bound,
  step?: Bound,
  options?: Range<D>,
): Tensor<D>
export function arange<D extends DType = AnyDType>(
  start: Bound,
  options: ArangeOptions<D> & { end: Bound },
): Tensor<D>
export function arange<D extends DType = AnyDType>(
  options: ArangeOptions<D> & { end: Bound },
): Tensor<D>
export function arange(...given: unknown[]): Tensor {
  const last = given.at(-1)
  const options = (isNamed(last) ? last : {}) as ArangeOptions
  const list = (isNamed(last) ? given.slice(0, -1) : given).filter((x) => x !== undefined)
  checkOptions('arange', options, ['start', 'end', 'step', ...CREATION])
  // A single number is the end, unless that has a name.
  const named = options.end !== undefined
  const [first, second, third] = list.length === 1 && !named ? [undefined, list[0]] : list
  const twice =
    (first !== undefined && options.start !== undefined) || (second !== undefined && named)
  if (twice || list.length > 3) {
    throw new ValueError(
      'arange',
      [],
      twice ? 'a bound is given by position and by name' : `${list.length} numbers are given`,
      'arange(start, end, step)',
    )
  }
  const start = scalarOf('arange', 'start', first ?? options.start ?? 0)
  const end = scalarOf('arange', 'end', second ?? options.end)
  const step = scalarOf('arange', 'step', third ?? options.step ?? 1)
  const whole = !start.floating && !end.floating && !step.floating
  const dtype = chooseDtype('arange', options, whole ? INT64 : defaultFloatCode())
  refuseBool('arange', dtype)
  const count = countOf(start.value, end.value, step.value, dtype)
  const shape = checkShape('arange', [count])
  const numbers = [start.value, step.value]
  return finish('arange', () => run(arangeOp, [], shape, dtype, numbers), options)
}

/** How many numbers a range has. Those of an integer dtype are cut to whole ones before. */
function countOf(first: number, last: number, by: number, dtype: DTypeCode): number {
  const whole = !isFloatingCode(dtype)
  const [start, end, step] = [first, last, by].map((x) => (whole ? Math.trunc(x) : x)) as [
    number,
    number,
    number,
  ]
  if (![first, last, by].every((value) => Number.isFinite(value))) {
    throw new ValueError(
      'arange',
      { start: first, end: last, step: by },
      'bounds and step must be finite numbers',
      'check how they were computed',
    )
  }
  if (step === 0 || (end - start) / step < 0) {
    throw new ValueError(
      'arange',
      { start: first, end: last, step: by },
      step === 0 ? 'step must not be 0' : 'step leads away from end',
      step === 0 && by !== 0 ? `${dtypeName(dtype)} cuts it to 0` : 'change the sign of step',
    )
  }
  // As PyTorch: only int64 counts with the numbers that were cut.
  return dtype === INT64 ? Math.ceil((end - start) / step) : Math.ceil((last - first) / by)
}

/** What {@link linspace} takes by name. */
export interface LinspaceOptions<D extends DType = DType> extends CreationOptions<D> {
  start: Bound
  end: Bound
  steps: number
}

type LinspaceArguments<D extends DType> =
  | Arguments<LinspaceOptions<D>, ['start', 'end']>
  | [start: Bound, end: Bound, steps: number, options?: CreationOptions<D>]

type Given = [Bound, Bound, number, DType, Device, boolean]

const LINSPACE = ['start', 'end', 'steps', ...CREATION]
const readLinspace = parameters<Given>('linspace', LINSPACE)

/** @throws {ValueError} unless `steps` is a whole number ≥ 0. */
function checkSteps(op: string, steps: unknown): number {
  if (Number.isSafeInteger(steps) && (steps as number) >= 0) return steps as number
  throw new ValueError(
    op,
    [],
    `steps must be a whole number ≥ 0, not ${show(steps)}`,
    `${op}(0, 1, 11)`,
  )
}

/** Evenly spaced numbers; those of an integer dtype run between bounds that are cut to whole ones. */
function spaced(start: number, end: number, steps: number, dtype: DTypeCode): Tensor {
  const bounds = isFloatingCode(dtype) ? [start, end] : [Math.trunc(start), Math.trunc(end)]
  return run(linspaceOp, [], checkShape('linspace', [steps]), dtype, bounds)
}

/**
 * `steps` numbers from `start` to `end`, both included, evenly spaced.
 *
 * @throws {ValueError} if `steps` is not a whole number ≥ 0.
 * @throws {ShapeError} if a bound is a tensor with axes. @throws {DTypeError} for bool.
 * @see torch.linspace
 */
export function linspace<D extends DType = AnyDType>(...given: LinspaceArguments<D>): Tensor<D> {
  const [first, last, number, dtype, device, requiresGrad] = readLinspace(given)
  const start = scalarOf('linspace', 'start', first)
  const end = scalarOf('linspace', 'end', last)
  const steps = checkSteps('linspace', number)
  const options = { dtype, device, requiresGrad } as CreationOptions
  const code = chooseDtype('linspace', options)
  refuseBool('linspace', code)
  return finish('linspace', () => spaced(start.value, end.value, steps, code), options)
}

/** What {@link logspace} takes by name. */
export interface LogspaceOptions<D extends DType = DType> extends LinspaceOptions<D> {
  /** Default 10. */
  base?: number
}

type LogspaceArguments<D extends DType> =
  | Arguments<LogspaceOptions<D>, ['start', 'end']>
  | [start: Bound, end: Bound, steps: number, options?: CreationOptions<D> & { base?: number }]
  | [start: Bound, end: Bound, steps: number, base: number, options?: CreationOptions<D>]

const readLogspace = parameters<[Bound, Bound, number, number, DType, Device, boolean]>(
  'logspace',
  ['start', 'end', 'steps', 'base', ...CREATION],
)

/**
 * `steps` numbers from base^start to base^end, both included, in equal proportions.
 *
 * @throws {ValueError} if `steps` is not a whole number ≥ 0.
 * @throws {ShapeError} if a bound is a tensor with axes. @throws {DTypeError} for bool.
 * @see torch.logspace
 */
export function logspace<D extends DType = AnyDType>(...given: LogspaceArguments<D>): Tensor<D> {
  const [first, last, number, base = 10, dtype, device, requiresGrad] = readLogspace(given)
  const start = scalarOf('logspace', 'start', first)
  const end = scalarOf('logspace', 'end', last)
  const steps = checkSteps('logspace', number)
  const { value } = scalarOf('logspace', 'base', base)
  const options = { dtype, device, requiresGrad } as CreationOptions
  const code = chooseDtype('logspace', options)
  refuseBool('logspace', code)
  if (isFloatingCode(code)) {
    const powers = (): Tensor =>
      fullCode([], value, code).pow(spaced(start.value, end.value, steps, code))
    return finish('logspace', powers, options)
  }
  // Integers: the exponents run between whole numbers, unless there is only one.
  const cut = steps === 1 ? (x: number): number => x : Math.trunc
  const powers = (): Tensor => {
    const exponents = spaced(cut(start.value), cut(end.value), steps, FLOAT64)
    return castCode(fullCode([], value, FLOAT64).pow(exponents), code)
  }
  return finish('logspace', powers, options)
}
