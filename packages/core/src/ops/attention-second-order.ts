/**
 * The gradient of attention's gradient, with all weights at hand.
 *
 * With scores S = s q kᵀ + mask, weights P = softmax(S), factors Z of dropout, dP = Z · (dy vᵀ),
 * D = Σ P dP over each row and dS = P · (dP - D), attention's gradients are dv = (Z P)ᵀ dy,
 * dq = s dS k and dk = s dSᵀ q. For upstream gradients a, b, c of these, let A = s (a kᵀ + q bᵀ) and
 * α = Σ P A over each row; then with W = Z P (A - α), G = (A - α) dP - D A + Z (dy cᵀ) and
 * H = P · (G - Σ P G), the gradients are
 *
 *   dy: W v + (Z P) c     v: Wᵀ dy     q: s (H k + dS b)     k: s (Hᵀ q + dSᵀ a)
 */
import { BOOL } from '../dtype.ts'
import type { SavedInputs } from '../op.ts'
import type { Shape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { zerosLike } from '../creation.ts'
import { dropoutGrad } from './dropout.ts'

/** What attention is called with besides tensors. */
export interface AttentionParams {
  /** The factor of the scores. */
  scale: number
  /** Does each query see the keys up to its own place only? */
  causal: boolean
  /** The share of weights that is dropped. */
  p: number
}

/** `[…, heads, S, E]` of a tensor with fewer heads, each of which serves several. */
export function sharedHeads(x: Tensor, heads: number): Tensor {
  const own = x._shape[x.ndim - 3] ?? 1
  return own === heads ? x : x.repeatInterleave(heads / own, -3)
}

/** Sums over the heads that share one. */
function unsharedHeads(x: Tensor, shape: Shape): Tensor {
  const own = shape[shape.length - 3] ?? 1
  const heads = x._shape[x.ndim - 3] ?? 1
  return own === heads ? x : x.unflatten(-3, [own, heads / own]).sum(-3)
}

/** softmax(scale · q · kᵀ + mask); zeros where nothing is seen. The mask is bool, or a summand. */
export function attentionWeights(
  query: Tensor,
  key: Tensor,
  mask: Tensor | null,
  { scale, causal }: AttentionParams,
): Tensor {
  let scores = query.matmul(key.transpose(-2, -1)).mul(scale)
  if (causal) {
    const unseen = zerosLike(scores.detach(), { dtype: 'bool' }).logicalNot().triu(1)
    scores = scores.maskedFill(unseen, -Infinity)
  }
  if (mask !== null) {
    scores =
      mask._dtype === BOOL ? scores.maskedFill(mask.logicalNot(), -Infinity) : scores.add(mask)
  }
  const weights = scores.softmax(-1)
  if (mask === null || scores.numel() === 0) return weights
  return weights.maskedFill(scores.detach().eq(-Infinity).all(-1, true), 0)
}

/** What gradients of dq, dk and dv (null where there is none) give for dy, q, k and v. */
export function secondOrderOfAttention(
  [a, b, c]: readonly (Tensor | null | undefined)[],
  saved: SavedInputs,
  params: AttentionParams,
): (Tensor | null)[] {
  const { grad: dy, query: q } = saved as Record<'grad' | 'query', Tensor>
  const [ownKey, ownValue] = [saved['key'] as Tensor, saved['value'] as Tensor]
  const heads = q._shape[q.ndim - 3] ?? 1
  const spread = (x: Tensor): Tensor => sharedHeads(x, heads)
  const [k, v] = [spread(ownKey), spread(ownValue)]
  const mask = (saved['mask'] as Tensor | null | undefined) ?? null
  const bits = (saved['bits'] as Tensor | null | undefined) ?? null
  const turned = (x: Tensor): Tensor => x.transpose(-2, -1)
  const sum = (x: Tensor): Tensor => x.sum(-1, { keepdim: true })
  const weights = attentionWeights(q, k, mask, params)
  const own = bits?.narrow(0, 0, Math.ceil(weights.numel() / 8))
  const kept = (x: Tensor): Tensor => (own ? dropoutGrad(x, own, { p: params.p }) : x)
  const slopes = kept(dy.matmul(turned(v)))
  const mean = sum(weights.mul(slopes))
  const inner = weights.mul(slopes.sub(mean)) // dS
  const terms: Tensor[] = []
  const [forGrad, forQuery, forKey] = [[] as Tensor[], [] as Tensor[], [] as Tensor[]]
  let forValue: Tensor | null = null
  if (a || b) {
    const parts = [a && a.matmul(turned(k)), b && q.matmul(turned(spread(b)))]
    const outer = (total(parts.filter((part) => part) as Tensor[]) as Tensor).mul(params.scale)
    const centred = outer.sub(sum(weights.mul(outer)))
    const w = kept(weights.mul(centred))
    forGrad.push(w.matmul(v))
    forValue = turned(w).matmul(dy)
    terms.push(centred.mul(slopes).sub(mean.mul(outer)))
    if (b) forQuery.push(inner.matmul(spread(b)))
    if (a) forKey.push(turned(inner).matmul(a))
  }
  if (c) {
    const mixed = spread(c)
    forGrad.push(kept(weights).matmul(mixed))
    terms.push(kept(dy.matmul(turned(mixed))))
  }
  const g = total(terms)
  if (g !== null) {
    const h = weights.mul(g.sub(sum(weights.mul(g))))
    forQuery.push(h.matmul(k))
    forKey.push(turned(h).matmul(q))
  }
  const scaled = (parts: readonly Tensor[]): Tensor | null =>
    total(parts)?.mul(params.scale) ?? null
  const back = (x: Tensor | null, shape: Shape): Tensor | null => x && unsharedHeads(x, shape)
  return [
    total(forGrad),
    scaled(forQuery),
    back(scaled(forKey), ownKey._shape),
    back(forValue, ownValue._shape),
  ]
}

function total(parts: readonly Tensor[]): Tensor | null {
  return parts.length === 0 ? null : parts.reduce((sum, part) => sum.add(part))
}
