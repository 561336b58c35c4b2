/** The derivatives of a parabola, y = a² x + b x + c, by a, b and c at x = 1. */
import { grad } from '@flambeau/autograd'
import { tensor } from '@flambeau/core'

const x = tensor(1)
const a = tensor(1, { dtype: 'float32', requiresGrad: true })
const b = tensor(2, { dtype: 'float32', requiresGrad: true })
const c = tensor(3, { dtype: 'float32', requiresGrad: true })

const y = a.pow(2).mul(x).add(b.mul(x)).add(c)

console.log('before:', a.grad, b.grad, c.grad)
const grads = grad(y, [a, b, c])
console.log('after:', ...grads)
