/** Pictures of graphs: circles and lines. */
import type { Tensor } from '@flambeau/core'
import type { Graph } from '@flambeau/graph-models'
import { Figure } from '@flambeau/plot'

const COLOURS = ['#2563c9', '#d9730d', '#1a7f4b'] as const
const INK = '#1b2330'
const MUTED = '#667085'
const WRONG = '#d1242f'

type Place = readonly [x: number, y: number]

const fixed = (value: number): string => value.toFixed(1)

const text = (x: number, y: number, content: string, style: string): string =>
  `<text x="${fixed(x)}" y="${fixed(y)}" font-family="Inter" ${style}>${content}</text>`

/** A line for each link, once. */
function links(graph: Graph, places: readonly Place[]): string[] {
  const [from, to] = [graph.source.toArray(), graph.target.toArray()]
  return Array.from(from, (a, e) => [Number(a), Number(to[e])] as const)
    .filter(([a, b]) => a < b)
    .map(([a, b]) => {
      const [[x1, y1], [x2, y2]] = [places[a] as Place, places[b] as Place]
      const ends = `x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}"`
      return `<line ${ends} stroke="${MUTED}" stroke-opacity="0.35"/>`
    })
}

const page = (width: number, height: number, content: readonly string[]): Figure =>
  new Figure(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">` +
      `<rect width="${width}" height="${height}" fill="#ffffff"/>${content.join('')}</svg>`,
  )

/** What {@link drawEmbedding} shows. */
export interface Embedding {
  readonly graph: Graph
  /** Where each node is, in [-1, 1]: `[N, 2]`. */
  readonly places: Tensor
  /** The class of each node, which is its colour. */
  readonly labels: readonly number[]
  /** The class that each is taken for; wrong ones have a red ring. */
  readonly predicted: readonly number[]
  /** Nodes whose class is known, drawn larger. */
  readonly known: readonly number[]
  readonly title: string
  readonly subtitle: string
}

/** The nodes of a graph where a network puts them. */
export function drawEmbedding(embedding: Embedding): Figure {
  const { graph, labels, predicted, known, title, subtitle } = embedding
  const [left, top, side] = [30, 80, 480]
  const flat = embedding.places.double().flatten().toArray()
  const scale = (value: number): number => ((value + 1.1) / 2.2) * side
  const places = labels.map((_, i): Place => [
    left + scale(flat[2 * i] as number),
    top + side - scale(flat[2 * i + 1] as number),
  ])
  // Wrong ones go on top.
  const isWrong = (i: number): number => Number(labels[i] !== predicted[i])
  const order = [...labels.keys()].toSorted((a, b) => isWrong(a) - isWrong(b))
  const nodes = order.map((i) => {
    const [x, y] = places[i] as Place
    const radius = known.includes(i) ? 14 : 10
    const ring = labels[i] === predicted[i] ? '#ffffff' : WRONG
    const circle = `<circle cx="${fixed(x)}" cy="${fixed(y)}" r="${radius}" fill="${COLOURS[labels[i] as number]}" stroke="${ring}" stroke-width="${ring === WRONG ? 3 : 1}"/>`
    const number = `font-size="10" font-weight="600" fill="#ffffff" text-anchor="middle"`
    return circle + text(x, y + 3.5, String(i), number)
  })
  return page(left * 2 + side, top + side + 30, [
    text(left, 36, title, `font-size="20" font-weight="600" fill="${INK}"`),
    text(left, 60, subtitle, `font-size="13" fill="${MUTED}"`),
    `<rect x="${left}" y="${top}" width="${side}" height="${side}" fill="none" stroke="#e6e9ef"/>`,
    ...links(graph, places),
    ...nodes,
  ])
}

/** Places in [0, 1]² at which linked nodes are near and others apart: springs, from a circle on. */
function layout(graph: Graph): Place[] {
  const count = graph.numNodes
  const at = Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count
    return [Math.cos(angle), Math.sin(angle)] as [number, number]
  })
  const pairs = Array.from(graph.source.toArray(), (a, e) => [
    Number(a),
    Number(graph.target.toArray()[e]),
  ]).filter(([a, b]) => (a as number) < (b as number)) as [number, number][]
  const length = 1 / Math.sqrt(count)
  for (let step = 0; step < 300; step++) {
    const moves = at.map((): [number, number] => [0, 0])
    const push = (a: number, b: number, strength: (d: number) => number): void => {
      const [pa, pb] = [at[a] as Place, at[b] as Place]
      const [dx, dy] = [pa[0] - pb[0], pa[1] - pb[1]]
      const distance = Math.max(1e-3, Math.hypot(dx, dy))
      const force = strength(distance) / distance
      const [ma, mb] = [moves[a] as [number, number], moves[b] as [number, number]]
      ma[0] += dx * force
      ma[1] += dy * force
      mb[0] -= dx * force
      mb[1] -= dy * force
    }
    for (let a = 0; a < count; a++) {
      for (let b = 0; b < a; b++) push(a, b, (d) => (length * length) / d)
    }
    for (const [a, b] of pairs) push(a, b, (d) => (-d * d) / length)
    // Parts that nothing links are drawn to the middle, not pushed away for ever.
    for (const [i, move] of moves.entries()) {
      const place = at[i] as [number, number]
      move[0] -= place[0] * 0.3
      move[1] -= place[1] * 0.3
      const size = Math.max(1e-9, Math.hypot(...move))
      const most = 0.1 * (1 - step / 300)
      place[0] += (move[0] / size) * Math.min(size, most)
      place[1] += (move[1] / size) * Math.min(size, most)
    }
  }
  const [xs, ys] = [at.map(([x]) => x), at.map(([, y]) => y)]
  const unit = (value: number, all: readonly number[]): number =>
    (value - Math.min(...all)) / Math.max(1e-9, Math.max(...all) - Math.min(...all))
  return at.map(([x, y]) => [unit(x, xs), unit(y, ys)])
}

/** A graph and what is said of it. */
export interface Judged {
  readonly graph: Graph
  readonly label: number
  readonly predicted: number
}

/** Graphs beside each other, each with its class and the one it was taken for. */
export function drawGraphs(judged: readonly Judged[], names: readonly string[]): Figure {
  const [side, gap, columns] = [200, 24, 4]
  const cells = judged.map(({ graph, label, predicted }, i) => {
    const left = gap + (i % columns) * (side + gap)
    const top = gap + Math.floor(i / columns) * (side + 40 + gap)
    const places = layout(graph).map(([x, y]): Place => [
      left + 8 + x * (side - 16),
      top + 8 + y * (side - 16),
    ])
    const circles = places.map(
      ([x, y]) =>
        `<circle cx="${fixed(x)}" cy="${fixed(y)}" r="6" fill="${COLOURS[label]}" stroke="#ffffff"/>`,
    )
    const right = label === predicted
    const said = right ? names[label] : `${names[label]}, taken for ${names[predicted]}`
    const style = `font-size="13" text-anchor="middle" fill="${right ? INK : WRONG}"`
    const caption = text(left + side / 2, top + side + 20, said as string, style)
    return [...links(graph, places), ...circles, caption].join('')
  })
  const rows = Math.ceil(judged.length / columns)
  return page(gap + columns * (side + gap), gap + rows * (side + 40 + gap), cells)
}
