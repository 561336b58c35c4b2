/**
 * The gradient of normalisation's gradient.
 *
 * With x̂ = (x - μ) r, r = (variance + eps)^-½, g = dy · w, means over a set of elements and
 * P(t) = t - mean(t) - x̂ · mean(t x̂), which is symmetric as a map of t, the gradients are
 * dx = r P(g), dw = Σ dy x̂, db = Σ dy. Where the mean is not taken off (RMS norm), μ = 0 and P lacks
 * its mean(t). In both cases x̂ changes by r P(dx), and r by -r² mean(x̂ dx).
 */
import type { Shape } from '../shape.ts'
import { numElements } from '../shape.ts'
import type { Tensor } from '../tensor.ts'

export interface NormInputs {
  input: Tensor
  weight: Tensor | null
}

/** How tensors are seen, so that the elements of a set lie along some axes. */
export interface Frame {
  see(x: Tensor): Tensor
  seeWeight(w: Tensor): Tensor
  /** The axes of a set. */
  axes: readonly number[]
  centred: boolean
  /** Sums what each element gives for a weight, in the weight's shape. */
  sumToWeight(t: Tensor): Tensor
  /** Back to the input's shape. */
  restore(t: Tensor): Tensor
}

/** Rows of the last `count` axes. */
export function rowFrame(count: number, centred: boolean): Frame {
  const same = (t: Tensor): Tensor => t
  return {
    see: same,
    seeWeight: same,
    axes: Array.from({ length: count }, (_, i) => i - count),
    centred,
    sumToWeight: (t) =>
      t.ndim === count ? t : t.sum(Array.from({ length: t.ndim - count }, (_, i) => i)),
    restore: same,
  }
}

/** Channels of a tensor of this shape: over all images, or in groups for each image. */
export function channelFrame(shape: Shape, groups: number): Frame {
  const [n, channels] = shape as readonly [number, number]
  const pixels = numElements(shape.slice(2))
  const seen = groups === 0 ? [n, channels, 1, pixels] : [n, groups, channels / groups, pixels]
  return {
    see: (x) => x.reshape(seen),
    seeWeight: (w) => w.reshape([seen[1] as number, seen[2] as number, 1]),
    axes: groups === 0 ? [0, 2, 3] : [2, 3],
    centred: true,
    sumToWeight: (t) => t.sum([0, 3]).reshape([channels]),
    restore: (t) => t.reshape(shape),
  }
}

/**
 * What gradients of dx, dw and db (null where there is none) give for dy, x and w, in that order.
 */
export function secondOrder(
  [vx, vw, vb]: readonly [Tensor | null, Tensor | null, Tensor | null],
  dy: Tensor,
  { input, weight }: NormInputs,
  frame: Frame,
  eps: number,
): (Tensor | null)[] {
  const mean = (t: Tensor): Tensor => t.mean(frame.axes, { keepdim: true })
  const x = frame.see(input)
  const grad = frame.see(dy)
  const w = weight && frame.seeWeight(weight)
  const centre = frame.centred ? x.sub(mean(x)) : x
  const r = mean(centre.square()).add(eps).rsqrt()
  const unit = centre.mul(r)
  const project = (t: Tensor): Tensor => {
    const rest = t.sub(unit.mul(mean(t.mul(unit))))
    return frame.centred ? rest.sub(mean(t)) : rest
  }
  const parts = { dy: [] as Tensor[], x: [] as Tensor[], unit: [] as Tensor[] }
  let dw: Tensor | null = null
  if (vx) {
    const v = frame.see(vx)
    const g = w ? grad.mul(w) : grad
    const pv = project(v)
    parts.dy.push((w ? pv.mul(w) : pv).mul(r))
    if (w) dw = frame.sumToWeight(grad.mul(pv).mul(r))
    parts.unit.push(
      v
        .mul(mean(g.mul(unit)))
        .add(g.mul(mean(v.mul(unit))))
        .mul(r)
        .neg(),
    )
    parts.x.push(
      unit
        .mul(mean(pv.mul(g)))
        .mul(r.square())
        .neg(),
    )
  }
  if (vw) {
    const v = frame.seeWeight(vw)
    parts.dy.push(unit.mul(v))
    parts.unit.push(grad.mul(v))
  }
  if (vb) parts.dy.push(frame.seeWeight(vb).expand(grad.shape))
  if (parts.unit.length > 0) parts.x.push(project(total(parts.unit) as Tensor).mul(r))
  const back = (t: Tensor | null): Tensor | null => t && frame.restore(t)
  return [back(total(parts.dy)), back(total(parts.x)), dw]
}

function total(terms: readonly Tensor[]): Tensor | null {
  return terms.length === 0 ? null : terms.reduce((sum, term) => sum.add(term))
}
