/** A line through points of a CSV file, with nothing but numbers and loops. */
import { writeFileSync } from 'node:fs'
import { manualSeed, rand, randn, stack } from '@flambeau/core'
import { readCsv } from '@flambeau/data'
import { scatter } from '@flambeau/plot'
import { budget, outFile } from '../settings.ts'

const learningRate = 0.01
const numIterations = budget(1000, 1000)

type Point = readonly [x: number, y: number]

/** Points of y = 2 x + 3 with noise. */
function generateCsv(path: string, n: number): void {
  manualSeed(0)
  const x = rand(n)
  const y = x.mul(2).add(3).add(randn(n))
  const rows = stack([x, y], 1).tolist() as number[][]
  writeFileSync(path, `x,y\n${rows.join('\n')}\n`)
}

/** The mean of (y - (w x + b))². */
function errorOfLine(b: number, w: number, points: readonly Point[]): number {
  let total = 0
  for (const [x, y] of points) total += (y - (w * x + b)) ** 2
  return total / points.length
}

/** One step against the gradient of that error. */
function stepGradient(b: number, w: number, points: readonly Point[]): [b: number, w: number] {
  let [byB, byW] = [0, 0]
  const n = points.length
  for (const [x, y] of points) {
    byB += (-2 / n) * (y - (w * x + b))
    byW += (-2 / n) * x * (y - (w * x + b))
  }
  return [b - learningRate * byB, w - learningRate * byW]
}

generateCsv(outFile('points.csv'), 100)
const table = readCsv(outFile('points.csv'))
const points = table.tensor(['x', 'y'], { dtype: 'float64' }).tolist() as unknown as Point[]
const [train, test] = [points.slice(0, 80), points.slice(80)]

let [b, w] = [0, 0]
for (let i = 0; i < numIterations; i++) [b, w] = stepGradient(b, w, train)
console.log(`final b: ${b.toFixed(4)}, w: ${w.toFixed(4)}`)
console.log(`error on test data: ${errorOfLine(b, w, test).toFixed(4)}`)
scatter(points, { line: { slope: w, intercept: b } }).save(outFile('line.png'))
