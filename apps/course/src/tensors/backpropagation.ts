/** The chain rule through two layers by hand, and the same from backward(). */
import '@flambeau/autograd'
import { allclose, manualSeed, rand, sub } from '@flambeau/core'

manualSeed(0)
const x = rand(1, 4)
const target = rand(1, 2)
const w1 = rand([3, 4], { requiresGrad: true })
const w2 = rand([2, 3], { requiresGrad: true })

// Forward.
const h = x.matmul(w1.t()).sigmoid()
const o = h.matmul(w2.t()).sigmoid()
const loss = o.sub(target).pow(2).sum().div(2)
loss.backward()

// Backward: δ of a layer is its error times its slope; the error goes back through the weights.
const slope = (y: typeof h): typeof h => y.mul(sub(1, y))
const deltaO = o.sub(target).mul(slope(o)) // [1, 2]
const deltaH = deltaO.matmul(w2).mul(slope(h)) // [1, 3]
console.log('by w2:', deltaO.t().matmul(h).detach(), allclose(deltaO.t().matmul(h), w2.grad!))
console.log('by w1:', deltaH.t().matmul(x).detach(), allclose(deltaH.t().matmul(x), w1.grad!))
