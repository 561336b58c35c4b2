/** Images in other sizes, and at given places: functions of many operations here, one node in ONNX. */
import { Tensor } from '@flambeau/core'
import type { Input } from '@flambeau/core/internal'
import { CODE } from '../../dtypes.ts'
import type { Attribute } from '../builder.ts'
import type { Form, Forms } from '../context.ts'

/**
 * Has a call of a compound function a form of its own in this version of ONNX? Else the operations that
 * it is made of are written.
 */
export function isWhole(
  name: string,
  inputs: readonly Input[],
  params: unknown,
  opset: number,
): boolean {
  const [input] = inputs
  if (!(input instanceof Tensor)) return false
  if (name === 'gridSample') return input.ndim === 4 || opset >= 20
  if (name !== 'interpolate') return false
  const { mode, antialias } = interpolateParams(params)
  return mode !== 'area' && (!antialias || opset >= 18) && input.isFloatingPoint()
}

interface InterpolateParams {
  readonly factor: number | readonly number[] | null
  readonly mode: string
  readonly align: boolean
  readonly recompute: boolean
  readonly antialias: boolean
}

function interpolateParams(params: unknown): InterpolateParams {
  const [, factor, mode, align, recompute, antialias] = params as readonly unknown[]
  return {
    factor: (factor ?? null) as InterpolateParams['factor'],
    mode: (mode ?? 'nearest') as string,
    align: align === true,
    recompute: recompute === true,
    antialias: antialias === true,
  }
}

const interpolate: Form = (c) => {
  const { g } = c
  const { factor, mode, align, recompute, antialias } = interpolateParams(c.call.params)
  const kind = mode === 'bicubic' ? 'cubic' : mode.endsWith('linear') ? 'linear' : mode
  const attributes: Record<string, Attribute> = {
    mode: kind === 'nearest-exact' ? 'nearest' : kind,
    coordinate_transformation_mode: align
      ? 'align_corners'
      : kind === 'nearest'
        ? 'asymmetric'
        : 'half_pixel',
  }
  if (kind === 'nearest') attributes['nearest_mode'] = 'floor'
  if (kind === 'nearest-exact') attributes['nearest_mode'] = 'round_prefer_ceil'
  if (kind === 'cubic') attributes['cubic_coeff_a'] = { float: -0.75 }
  if (antialias) attributes['antialias'] = 1
  const dims = c.tensor(0).shape.length - 2
  if (factor !== null && !recompute) {
    const factors = typeof factor === 'number' ? Array<number>(dims).fill(factor) : factor
    const scales = Float64Array.from([1, 1, ...factors])
    return g.node('Resize', [c.in(0), '', g.constant(scales, [dims + 2], CODE.float32)], attributes)
  }
  return g.node('Resize', [c.in(0), '', '', g.sizes(c.out.shape)], attributes)
}

const gridSample: Form = (c) => {
  const [, mode = 'bilinear', padding = 'zeros', align = null] = c.call.params as [
    unknown,
    string?,
    string?,
    boolean?,
  ]
  const names: Readonly<Record<string, string>> =
    c.opset >= 20 ? { bilinear: 'linear', bicubic: 'cubic' } : {}
  return c.g.node('GridSample', [c.in(0), c.in(1)], {
    mode: names[mode] ?? mode,
    padding_mode: padding,
    align_corners: align === true ? 1 : 0,
  })
}

export const sampling: Forms = { interpolate, gridSample }
