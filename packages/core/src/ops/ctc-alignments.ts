/**
 * The gradient of the CTC loss out of operations that are differentiable themselves. Alignments of
 * all sequences are summed step by step, as the kernels do it one sequence at a time.
 */
import { arange, full, tensor } from '../creation.ts'
import type { Tensor } from '../tensor.ts'
import { cat, stack } from './joining.ts'
import { where } from './ternary.ts'

export interface CtcInputs {
  /** `[T, N, C]`. */
  logProbs: Tensor
  /** `[N, S]`, or all of them in a row. */
  targets: Tensor
  inputLengths: Tensor
  targetLengths: Tensor
}

/** Places of an alignment with the longest target: its labels, and a blank around each. */
export function mostPlaces(targetLengths: Tensor): number {
  return targetLengths.numel() === 0 ? 1 : 2 * Math.max(0, targetLengths.max().item()) + 1
}

// The logarithm of what cannot be; finite, so that its slope is 0 and not NaN.
const NEVER = -1e30

/** The classes of the places of each sequence `[N, L]`, and which may be reached over a blank. */
function placesOf(
  { targets, targetLengths }: CtcInputs,
  blank: number,
): { classes: Tensor; skips: Tensor } {
  const count = targetLengths.numel()
  const places = mostPlaces(targetLengths)
  const most = (places - 1) / 2
  const flat = targets.flatten()
  const starts =
    targets.ndim === 2
      ? arange(count, { dtype: 'int64', device: targetLengths.device }).mul(
          targets.shape[1] as number,
        )
      : targetLengths.cumsum(0).sub(targetLengths)
  const column = arange(most, { dtype: 'int64', device: targetLengths.device })
  const inside = column.lt(targetLengths.unsqueeze(1)) // [N, S]
  const positions = starts.unsqueeze(1).add(column).maskedFill(inside.logicalNot(), 0)
  const labels =
    most === 0
      ? positions
      : flat
          .indexSelect(0, positions.flatten())
          .reshape([count, most])
          .maskedFill(inside.logicalNot(), blank)
  const between = labels.mul(0).add(blank)
  const first = full([count, 1], blank, { dtype: 'int64', device: targets.device })
  const woven = stack([labels, between], 2).reshape([count, 2 * most])
  const classes = cat([first, woven], 1)
  const other =
    places > 2 ? classes.narrow(1, 2, places - 2).ne(classes.narrow(1, 0, places - 2)) : null
  const odd = arange(places, { dtype: 'int64', device: targets.device }).remainder(2).eq(1)
  const never = full([count, Math.min(places, 2)], false, { dtype: 'bool', device: targets.device })
  const skips = other === null ? never : cat([never, other], 1).logicalAnd(odd)
  return { classes, skips }
}

/** `x` moved by `by` places along axis 1; what comes in is impossible. */
function moved(x: Tensor, by: number): Tensor {
  const [n, width] = x.shape as readonly [number, number]
  const rest = Math.max(0, width - Math.abs(by))
  const blank = full([n, width - rest], NEVER, { dtype: x.dtype, device: x.device })
  if (rest === 0) return blank
  return by > 0 ? cat([blank, x.narrow(1, 0, rest)], 1) : cat([x.narrow(1, -by, rest), blank], 1)
}

/** The sum of alignments over what came before: the same place, the last one, the one before. */
function advance(sums: Tensor, skips: Tensor, direction: 1 | -1): Tensor {
  // Backwards, the place that is skipped to decides.
  const over =
    direction === 1 ? where(skips, moved(sums, 2), NEVER) : moved(where(skips, sums, NEVER), -2)
  return stack([sums, moved(sums, direction), over], 0).logsumexp(0)
}

/** What `grad` [N] of the losses gives for the log-probabilities, see the kernel ctcLossGrad. */
export function differentiableGrad(
  grad: Tensor,
  inputs: CtcInputs,
  { blank, zeroInfinity }: { blank: number; zeroInfinity: boolean },
): Tensor {
  const { logProbs, inputLengths, targetLengths } = inputs
  const [steps, count, classCount] = logProbs.shape as readonly [number, number, number]
  const { classes, skips } = placesOf(inputs, blank)
  const width = classes.shape[1] as number
  if (steps === 0 || count === 0) return logProbs.mul(0)
  const place = arange(width, { dtype: 'int64', device: logProbs.device })
  const last = targetLengths.mul(2).unsqueeze(1)
  const real = place.le(last) // [N, L]
  const never = full([], NEVER, { dtype: logProbs.dtype, device: logProbs.device })
  const score = (t: number): Tensor => where(real, logProbs.select(0, t).gather(1, classes), never)
  const running = (t: number): Tensor => inputLengths.gt(t).unsqueeze(1)
  const alphas: Tensor[] = []
  for (let t = 0; t < steps; t++) {
    const before = alphas[t - 1]
    const sums =
      before === undefined
        ? where(place.lt(2), score(0), never)
        : advance(before, skips, 1).add(score(t))
    // Behind the end the last sums stay, so that they can be read there.
    alphas.push(before === undefined ? sums : where(running(t), sums, before))
  }
  const ends = place.eq(last).logicalOr(place.eq(last.sub(1)))
  const total = where(ends, alphas.at(-1) as Tensor, never).logsumexp(1) // [N]
  const betas: Tensor[] = []
  let after: Tensor | null = null
  for (let t = steps - 1; t >= 0; t--) {
    const isLast = inputLengths.eq(t + 1).unsqueeze(1)
    const begun = where(ends, score(t), never)
    const sums: Tensor =
      after === null ? begun : where(isLast, begun, advance(after, skips, -1).add(score(t)))
    betas.unshift(sums)
    after = sums
  }
  const oneHot = classes
    .unsqueeze(2)
    .eq(arange(classCount, { dtype: 'int64', device: logProbs.device })) // [N, L, C]
  const rows = alphas.map((alpha, t) => {
    const through = alpha.add(betas[t] as Tensor).unsqueeze(2)
    const byClass = where(oneHot, through, never).logsumexp(1) // [N, C]
    const scores = logProbs.select(0, t)
    const logShare = where(running(t), byClass.sub(total.unsqueeze(1)).sub(scores), never)
    return where(running(t), scores.exp().sub(logShare.exp()), 0).mul(grad.unsqueeze(1))
  })
  const result = stack(rows, 0)
  if (!zeroInfinity) return result
  const possible = total.gt(NEVER / 2).reshape([1, -1, 1])
  return where(possible, result, tensor(0, { dtype: logProbs.dtype, device: logProbs.device }))
}
