/** A digit through three layers, each of them a product and a sum: sizes, error, descent, answer. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { manualSeed, oneHot, randn, zeros } from '@flambeau/core'
import { MNIST } from '@flambeau/data'

manualSeed(0)
const [image, label] = new MNIST().getItem(0)
const x = image.reshape(1, 28 * 28)

// The rows of W are the outputs: H = ReLU(X Wᵀ + b).
const sizes = [28 * 28, 256, 64, 10]
const layers = sizes.slice(1).map((outputs, i) => {
  const inputs = sizes[i] as number
  const w = randn([outputs, inputs])
    .mul((2 / inputs) ** 0.5)
    .requiresGrad_()
  return { w, b: zeros([outputs], { requiresGrad: true }) }
})

function predict(): Tensor {
  let h = x
  for (const [i, { w, b }] of layers.entries()) {
    // Mended: each layer takes what the one before gave, not its own result.
    h = h.matmul(w.t()).add(b)
    if (i < layers.length - 1) h = h.relu()
  }
  return h
}

console.log('X', x.shape)
for (const [i, { w, b }] of layers.entries())
  console.log(`W${i + 1}`, w.shape, `b${i + 1}`, b.shape)
const target = oneHot(label, 10).float()
console.log('label', label.item(), 'one-hot', target.tolist())

for (let step = 0; step <= 20; step++) {
  const loss = predict().sub(target).pow(2).sum()
  if (step % 5 === 0) console.log(`step ${step}: error ${loss.item().toFixed(4)}`)
  loss.backward()
  noGrad(() => {
    for (const { w, b } of layers) {
      for (const one of [w, b]) {
        one.sub_(one.grad!, { alpha: 0.002 })
        one.grad!.zero_()
      }
    }
  })
}
console.log('read as', predict().argmax(1).item())
