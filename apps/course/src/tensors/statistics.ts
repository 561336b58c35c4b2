/** What a tensor is like as a whole, or along one axis. */
import { arange, eq, gt, manualSeed, ones, rand } from '@flambeau/core'

// Norms: the sum of absolute values, and the root of the sum of squares.
const a = ones(8)
const b = a.view(2, 4)
console.log(a.norm(1), b.norm(1), a.norm(2), b.norm(2))
console.log(b.norm(1, 1), b.norm(2, 0))

const c = arange(8).view(2, 4).float()
console.log(c.min(), c.max(), c.mean(), c.prod(), c.sum())
console.log(c.argmin(), c.argmax(), 'as if all rows stood behind each other')
console.log(c.std(), c.var(), c.median().item())

// Along an axis, which goes unless it is kept.
manualSeed(0)
const scores = rand(4, 10)
const best = scores.max(1)
console.log(best.values.shape, best.indices.shape, scores.argmax(1).equal(best.indices))
console.log(scores.max(1, { keepdim: true }).values.shape)

// The best three, the eighth from below, all in order.
const top = scores.topk(3, 1)
console.log(top.values.shape, top.values.at(':', 0).equal(best.values))
console.log(scores.kthvalue(8, 1).values.equal(top.values.at(':', 2)))
console.log(scores.sort(1, true).values.at(':', 0).equal(best.values))

console.log(gt(c, 5).sum().item(), eq(c, c).all().item(), c.equal(c))
