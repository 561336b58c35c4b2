/** A single neuron: y = step(w₁ x₁ + w₂ x₂ - θ) learns AND by its mistakes, and cannot learn XOR. */
import { tensor } from '@flambeau/core'

const inputs = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
].map((x) => tensor(x, { dtype: 'float32' }))
const tables = { AND: [0, 0, 0, 1], OR: [0, 1, 1, 1], XOR: [0, 1, 1, 0] }

for (const [name, targets] of Object.entries(tables)) {
  const w = tensor([0, 0], { dtype: 'float32' })
  const theta = tensor(0, { dtype: 'float32' })
  const fires = (x: (typeof inputs)[number]): number => Number(w.dot(x).sub(theta).item() > 0)

  let round = 0
  let mistakes = 1
  while (mistakes > 0 && round < 20) {
    mistakes = 0
    round++
    for (const [i, x] of inputs.entries()) {
      const error = (targets[i] as number) - fires(x)
      w.add_(x, { alpha: error })
      theta.sub_(error)
      mistakes += Math.abs(error)
    }
  }
  const verdict = mistakes === 0 ? `learnt in ${round} rounds` : 'not learnt: no line divides it'
  console.log(name.padEnd(3), inputs.map(fires), verdict, 'w', w.tolist(), 'θ', theta.item())
}
