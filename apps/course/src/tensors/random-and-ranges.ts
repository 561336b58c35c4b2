/** Random numbers, constants, ranges, and an order by chance for data and labels alike. */
import {
  arange,
  eye,
  full,
  linspace,
  logspace,
  manualSeed,
  normal,
  rand,
  randint,
  randLike,
  randn,
  randperm,
} from '@flambeau/core'
import { histogram } from '@flambeau/plot'
import { outFile } from '../settings.ts'

manualSeed(0)
const a = rand(2, 3, 4) // uniform in [0, 1)
const b = randLike(a)
const c = randint(10, 20, [2, 3, 4]) // from 10 to 19
console.log(a.shape, b.shape, c.min().item() >= 10, c.max().item() <= 19)

const d = randn(10_000) // mean 0, deviation 1
const e = normal(10, 1, [10_000]) // mean 10, deviation 1
const f = normal(full([10], 0), arange(1, 0, -0.1)) // a deviation for each
console.log(d.mean().abs().item() < 0.05, e.mean().sub(10).abs().item() < 0.05, f.shape)
histogram({ 'randn()': d, 'normal(10, 1)': e }).save(outFile('normal.png'))

console.log(eye(3))
console.log(full([2, 3], 10))
console.log(full([], 10), full([1], 10)) // without axes, and with one

console.log(arange(10))
console.log(arange(0, 10, 2))
console.log(arange(10, 0, -1))
console.log(linspace(0, 1, 5))
console.log(logspace(0, 1, 3))

// The same order for both keeps them together.
const data = arange(8).view(4, 2)
const labels = arange(4)
const order = randperm(4)
console.log(data.at(order))
console.log('order', order)
console.log('labels', labels.at(order))
