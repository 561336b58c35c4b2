/** Sums, products, powers, rounding and limits. */
import { allclose, full, manualSeed, rand, randn, tensor } from '@flambeau/core'

manualSeed(0)
const a = rand(3, 4)
const b = rand(4)
console.log('a + b - b:', allclose(a.add(b).sub(b), a))
console.log('a * b / b:', allclose(a.mul(b).div(b), a))

// mul goes by elements, matmul by rows and columns; the leading axes are a batch.
const ones = full([2, 2], 3).matmul(full([2, 2], 1))
console.log(ones.tolist())
console.log(rand(4, 784).matmul(rand(512, 784).t()).shape)
console.log(rand(4, 3, 28, 64).matmul(rand(4, 1, 64, 32)).shape)

const square = full([2, 2], 3).pow(2)
console.log(square.tolist(), square.sqrt().tolist(), square.rsqrt())
console.log(tensor([1, 2]).exp(), tensor([1, 2]).exp().log())

const x = tensor(3.14)
console.log(x.floor(), x.ceil(), x.trunc(), x.frac(), x.round())

// Gradients that are too large are cut off like this.
const gradients = randn(2, 3).mul(15)
console.log(gradients.clamp(-10, 10).abs().max().item() <= 10)
