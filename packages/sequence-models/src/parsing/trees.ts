/** Trees over the words of a sentence, and how they are found from scores of arcs. */
import { ShapeError, Tensor, ValueError } from '@flambeau/core'
import { requireList, requireNumberList } from '@flambeau/core/internal'

/**
 * What keeps heads (counted from 1, 0 for the root) from being a tree, or null.
 *
 * @internal
 */
export function headsProblem(heads: readonly number[]): string | null {
  const far = heads.findIndex(
    (head) => !Number.isSafeInteger(head) || head < 0 || head > heads.length,
  )
  if (far >= 0) return `word ${far + 1} has the head ${heads[far]}, of ${heads.length} words`
  const roots = heads.filter((head) => head === 0).length
  if (roots !== 1) return `${roots} words have the head 0`
  // Words from which the root was reached.
  const safe = new Set([0])
  for (let word = 1; word <= heads.length; word++) {
    const path = new Set<number>()
    let at = word
    while (!safe.has(at)) {
      if (path.has(at)) return `words depend on each other in a circle: ${[...path].join(', ')}`
      path.add(at)
      at = heads[at - 1] as number
    }
    for (const one of path) safe.add(one)
  }
  return null
}

/** For each word the head with the highest score, though they may be no tree. @internal */
export function bestHeads(scores: readonly (readonly number[])[]): number[] {
  return scores.slice(1).map((row, i) => {
    let best = 0
    for (const [head, score] of row.entries()) {
      if (head !== i + 1 && score > (row[best] as number)) best = head
    }
    return best
  })
}

/**
 * The tree with the highest sum of scores in which one word depends on the root, by Chu-Liu's and
 * Edmonds' algorithm: each word takes its best head, circles become one word, and so on.
 *
 * Shapes: scores `[T + 1, T + 1]` of words (rows) and heads (columns), with the root at 0, whose row and
 * the diagonal do not count -> the heads of the T words, counted from 1, 0 for the root.
 *
 * @throws {ShapeError} unless scores are square. @throws {ValueError} if one is not finite.
 * @see Chu and Liu 1965; Edmonds 1967, https://doi.org/10.6028/jres.071B.032
 *
 * @example
 * ```ts
 * import { maximumSpanningTree } from '@flambeau/sequence-models'
 * // Each word would have the other one as its head.
 * console.log(maximumSpanningTree([[0, 0, 0], [5, 0, 9], [3, 9, 0]])) // => [ 0, 1 ]
 * ```
 */
export function maximumSpanningTree(scores: Tensor | readonly (readonly number[])[]): number[] {
  const rows = scores instanceof Tensor ? (scores.double().tolist() as number[][]) : scores
  requireList('maximumSpanningTree', 'scores', rows, 'a matrix of numbers')
  for (const row of rows) requireNumberList('maximumSpanningTree', 'a row of scores', row)
  const size = rows.length
  if (size === 0 || !rows.every((row) => row.length === size)) {
    const rule = `scores must be square with the root, not [${size}, ${rows[0]?.length ?? 0}]`
    throw new ShapeError('maximumSpanningTree', {}, rule, 'pass a row and a column for each word')
  }
  let [least, most] = [0, 0]
  for (const [i, row] of rows.entries()) {
    for (const [j, score] of row.entries()) {
      if (i === 0 || i === j) continue
      if (!Number.isFinite(score)) {
        const rule = `the score of word ${i} with the head ${j} is ${score}`
        throw new ValueError('maximumSpanningTree', {}, rule, 'pass finite scores')
      }
      least = Math.min(least, score)
      most = Math.max(most, score)
    }
  }
  // So much less for arcs from the root that two of them are worse than any tree with one.
  const toll = (most - least + 1) * size
  const arcs: Arc[] = []
  for (let word = 1; word < size; word++) {
    for (let head = 0; head < size; head++) {
      if (head === word) continue
      const score = (rows[word] as number[])[head] as number
      arcs.push({ from: head, to: word, score: head === 0 ? score - toll : score, origin: null })
    }
  }
  const heads = Array<number>(size - 1).fill(0)
  for (const { from, to } of arborescence(size, arcs)) heads[to - 1] = from
  return heads
}

interface Arc {
  readonly from: number
  readonly to: number
  readonly score: number
  /** The arc between words that this one between circles stands for. */
  readonly origin: Arc | null
}

/** The best arc into each node but 0, without circles. */
function arborescence(size: number, arcs: readonly Arc[]): Arc[] {
  const best: (Arc | null)[] = Array<Arc | null>(size).fill(null)
  for (const arc of arcs) {
    const there = best[arc.to] ?? null
    if (there === null || arc.score > there.score) best[arc.to] = arc
  }
  const circle = circleOf(best)
  if (circle === null) return best.filter((arc) => arc !== null)
  // The circle becomes the node `joined`; nodes keep their order.
  const numbers: number[] = []
  let joined = -1
  let next = 0
  for (let node = 0; node < size; node++) {
    if (!circle.has(node)) numbers.push(next++)
    else numbers.push(joined < 0 ? (joined = next++) : joined)
  }
  const smaller: Arc[] = []
  for (const arc of arcs) {
    const [from, to] = [numbers[arc.from] as number, numbers[arc.to] as number]
    if (from === to) continue
    // To enter the circle there breaks the arc that led to this node.
    const lost = circle.has(arc.to) ? (best[arc.to] as Arc).score : 0
    smaller.push({ from, to, score: arc.score - lost, origin: arc })
  }
  const chosen = arborescence(next, smaller).map(({ origin }) => origin as Arc)
  const entered = new Set(chosen.map(({ to }) => to))
  for (const node of circle) if (!entered.has(node)) chosen.push(best[node] as Arc)
  return chosen
}

/** The nodes of a circle of arcs, or null. */
function circleOf(best: readonly (Arc | null)[]): ReadonlySet<number> | null {
  const done = new Set<number>([0])
  for (let start = 1; start < best.length; start++) {
    const path: number[] = []
    let at = start
    while (!done.has(at)) {
      const place = path.indexOf(at)
      if (place >= 0) return new Set(path.slice(place))
      path.push(at)
      at = (best[at] as Arc).from
    }
    for (const node of path) done.add(node)
  }
  return null
}
