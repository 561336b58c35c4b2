/** Images in other sizes, and at given places. */
import { functional as F } from '@flambeau/nn'
import type { NodeCall, Operator, Operators } from '../context.ts'

const RESIZE: Readonly<
  Record<string, Readonly<Record<number, 'linear' | 'bilinear' | 'trilinear' | 'bicubic'>>>
> = {
  linear: { 1: 'linear', 2: 'bilinear', 3: 'trilinear' },
  cubic: { 2: 'bicubic' },
}

interface ResizeOptions {
  mode: 'nearest' | 'nearest-exact' | 'linear' | 'bilinear' | 'trilinear' | 'bicubic'
  alignCorners?: boolean
  antialias?: boolean
}

/** How places of new pixels are found must be one of PyTorch's ways. */
function resizeMode(c: NodeCall, dims: number): ResizeOptions {
  const [mode, way] = [
    c.text('mode', 'nearest'),
    c.text('coordinate_transformation_mode', 'half_pixel'),
  ]
  if (mode === 'nearest') {
    const rounding = c.text('nearest_mode', 'round_prefer_floor')
    if (way === 'asymmetric' && rounding === 'floor') return { mode: 'nearest' }
    if (way === 'half_pixel' && rounding === 'round_prefer_ceil') return { mode: 'nearest-exact' }
    throw c.fail(`nearest pixels by '${way}' and '${rounding}' have no form here`)
  }
  const kind = RESIZE[mode]?.[dims]
  if (kind === undefined) throw c.fail(`mode '${mode}' over ${dims} axes has no form here`)
  const cubic = kind !== 'bicubic' || Math.abs(c.int('cubic_coeff_a', -0.75) + 0.75) < 1e-6
  c.require(cubic, 'cubic_coeff_a other than -0.75 has no form here')
  if (way === 'align_corners') return { mode: kind, alignCorners: true }
  c.require(
    way === 'half_pixel' || way === 'pytorch_half_pixel',
    `coordinate_transformation_mode '${way}' has no form here`,
  )
  return { mode: kind, antialias: c.int('antialias', 0) === 1 }
}

const resize: Operator = (c) => {
  const x = c.x()
  const dims = x.ndim - 2
  c.require(
    c.text('keep_aspect_ratio_policy', 'stretch') === 'stretch',
    'only stretching has a form',
  )
  const axes = (c.list('axes') ?? x.shape.map((_, axis) => axis)).map((a) => c.axis(a, x.ndim))
  const whole = (given: readonly number[], otherwise: readonly number[]): number[] => {
    c.require(given.length === axes.length, `${given.length} sizes for ${axes.length} axes`)
    const out = [...otherwise]
    axes.forEach((axis, i) => (out[axis] = given[i] as number))
    return out
  }
  const scales = c.optional(2) === null ? [] : c.numbers(2)
  const options = resizeMode(c, dims)
  if (scales.length > 0) {
    const factors = whole(
      scales,
      x.shape.map(() => 1),
    )
    c.require(factors[0] === 1 && factors[1] === 1, 'batch and channels keep their size')
    return F.interpolate(x, { ...options, scaleFactor: factors.slice(2) })
  }
  const sizes = whole(c.numbers(3), x.shape)
  const kept = sizes[0] === x.shape[0] && sizes[1] === x.shape[1]
  c.require(kept, 'batch and channels keep their size')
  return F.interpolate(x, { ...options, size: sizes.slice(2) })
}

const GRID: Readonly<Record<string, 'bilinear' | 'nearest' | 'bicubic'>> = {
  linear: 'bilinear',
  bilinear: 'bilinear',
  nearest: 'nearest',
  cubic: 'bicubic',
  bicubic: 'bicubic',
}

const gridSample: Operator = (c) => {
  const mode = GRID[c.text('mode', 'linear')]
  const paddingMode = c.text('padding_mode', 'zeros') as 'zeros'
  if (mode === undefined) throw c.fail(`there is no mode '${c.text('mode', '')}'`)
  const alignCorners = c.int('align_corners', 0) === 1
  return F.gridSample(c.x(), c.x(1), { mode, paddingMode, alignCorners })
}

export const sampling: Operators = { Resize: resize, GridSample: gridSample }
