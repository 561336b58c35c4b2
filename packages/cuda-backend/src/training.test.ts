/** A training step with all that belongs to one, captured as a graph, gives what it gives without. */
import type { Tensor } from '@flambeau/core'
import { manualSeed, randint, randn } from '@flambeau/core'
import '@flambeau/autograd'
import * as nn from '@flambeau/nn'
import { AdamW, StepLR } from '@flambeau/optim'
import { expect, it } from 'vitest'
import { cuda } from './index.ts'

/** Losses of five steps after two to warm up, and the parameters and buffers afterwards. */
function train(captured: boolean): { losses: number[]; state: number[][]; nodes: number } {
  manualSeed(0)
  const model = new nn.Sequential(
    new nn.Conv2d(1, 4, 3, { padding: 1 }),
    new nn.BatchNorm2d(4),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Dropout(0.2),
    new nn.Linear(64, 10),
  ).to('cuda')
  const optimizer = new AdamW(model.parameters(), { lr: 0.01 })
  const scheduler = new StepLR(optimizer, 2, 0.5)
  const x = randn([8, 1, 8, 8]).to('cuda')
  const labels = randint(0, 10, [8]).to('cuda')
  const step = (): Tensor => {
    optimizer.zeroGrad()
    const loss = nn.functional.crossEntropy(model.forward(x), labels)
    loss.backward()
    nn.utils.clipGradNorm_(model.parameters(), 0.5)
    optimizer.step()
    return loss
  }
  const graph = captured ? cuda.graph(step, { warmup: 2 }) : null
  if (graph === null) for (let i = 0; i < 2; i++) step()
  const losses: number[] = []
  for (let i = 0; i < 5; i++) {
    x.copy_(randn([8, 1, 8, 8]))
    losses.push((graph ?? step)().item())
    scheduler.step()
  }
  const state = Object.values(model.stateDict()).map((one) => Array.from(one.cpu().toArray()))
  return { losses, state, nodes: graph?.graph.nodes ?? 0 }
}

/** Launches of a normalisation's forward pass, and of that and the way back. */
function nodesOfNorm(
  layer: nn.BatchNorm2d | nn.GroupNorm,
  shape: number[],
  memoryFormat: 'contiguousFormat' | 'channelsLast',
): [forward: number, both: number] {
  const norm = layer.to('cuda')
  const [x, grad] = [0, 1].map(() => randn(shape).to('cuda').contiguous({ memoryFormat })) as [
    Tensor,
    Tensor,
  ]
  x.requiresGrad_()
  const forward = cuda.graph(() => norm.forward(x), { warmup: 1 })
  const step = (): Tensor => {
    norm.zeroGrad()
    x.grad = null
    const y = norm.forward(x)
    y.backward(grad)
    return y
  }
  return [forward.graph.nodes, cuda.graph(step, { warmup: 1 }).graph.nodes]
}

it('learns the same in a graph', () => {
  const plain = train(false)
  const graph = train(true)
  expect(graph.nodes).toBeGreaterThan(10)
  expect(graph.losses).toEqual(plain.losses)
  expect(graph.state).toEqual(plain.state)
})

it('normalises a batch in few launches, however it lies', () => {
  const forward: number[] = []
  const both: number[] = []
  for (const memoryFormat of ['contiguousFormat', 'channelsLast'] as const) {
    // Large enough for sums in parts.
    const nodes = nodesOfNorm(new nn.BatchNorm2d(4), [4, 4, 48, 64], memoryFormat)
    forward.push(nodes[0])
    both.push(nodes[1])
  }
  // Sums, and normalises; counts the batch and moves the running statistics on the way.
  expect(forward).toEqual([2, 2])
  // Sums, and the gradient of x.
  expect(both).toEqual([4, 4])
})

it('repeats pixels in one launch each way', () => {
  const x = randn([2, 4, 3, 3])
    .to('cuda')
    .contiguous({ memoryFormat: 'channelsLast' })
    .requiresGrad_()
  const up = (): Tensor => nn.functional.interpolate(x, { scaleFactor: 2 })
  expect(cuda.graph(up, { warmup: 1 }).graph.nodes).toBe(1)
  const step = (): Tensor => {
    x.grad = null
    const y = up()
    y.backward(y.detach())
    return y
  }
  expect(cuda.graph(step, { warmup: 1 }).graph.nodes).toBe(2)
})

it.each([
  ['a batch', () => new nn.BatchNorm2d(8), [1, 2]],
  ['groups', () => new nn.GroupNorm(2, 8), [1, 3]],
])('normalises %s in one launch where few pixels make a set', (_, make, expected) => {
  const nodes = nodesOfNorm(make(), [4, 8, 6, 6], 'channelsLast')
  // Of groups, the gradients of weight and bias are joined over the images.
  expect(nodes).toEqual(expected)
})
