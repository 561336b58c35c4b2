import { conv2d, manualSeed, ones, randn, ShapeError, tensor, ValueError } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { gradcheck } from '@flambeau/autograd'
import * as nn from '@flambeau/nn'
import { expect, it } from 'vitest'
import * as V from './index.ts'

const close = (a: Tensor, b: Tensor): void => {
  expect(a.shape).toEqual(b.shape)
  expect(a.sub(b).abs().max().item()).toBeLessThan(1e-5)
}

it('correlates as conv2d does, with its gradients', () => {
  const [x, kernel] = [randn([3, 6, 7]), randn([4, 3, 2, 3])]
  close(V.corr2dMultiInOut(x, kernel), conv2d(x.unsqueeze(0), kernel).squeeze(0))
  const inputs = [randn([4, 5]).double().requiresGrad_(), randn([2, 2]).double().requiresGrad_()]
  expect(gradcheck((a: Tensor, b: Tensor) => V.corr2d(a, b), inputs)).toBe(true)
  expect(() => V.corr2d(randn([2, 2]), randn([3, 1]))).toThrow(ShapeError)
  expect(() => V.corr2dMultiIn(randn([2, 4, 4]), randn([3, 2, 2]))).toThrow(/same channels/)
})

it('pools as the layers do', () => {
  const x = randn([5, 6])
  const images = x.unsqueeze(0).unsqueeze(0)
  const max = nn.functional.maxPool2d(images, [2, 3], { stride: 1 })
  close(V.pool2d(x, [2, 3]), max.squeeze(0).squeeze(0))
  const mean = nn.functional.avgPool2d(images, [2, 3], { stride: 1 })
  close(V.pool2d(x, [2, 3], 'avg'), mean.squeeze(0).squeeze(0))
  expect(() => V.pool2d(x, [6, 1])).toThrow(ShapeError)
  expect(() => V.pool2d(x, [2, 2], 'min' as never)).toThrow(ValueError)
})

it('learns the edge kernel from pictures of edges', () => {
  const x = ones([6, 8])
  x.narrow(1, 2, 4).zero_()
  const { kernel, losses } = V.learnKernel(x, V.corr2d(x, tensor([[1, -1]])))
  expect(
    kernel
      .sub(tensor([[1, -1]]))
      .abs()
      .max()
      .item(),
  ).toBeLessThan(1e-3)
  expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 1000)
})

it('has a learnt correlation as a layer', () => {
  manualSeed(0)
  const layer = new V.Correlation2d([2, 2])
  layer(randn([4, 4]))
    .sum()
    .backward()
  expect(layer.weight.grad?.shape).toEqual([2, 2])
  expect(layer.bias.grad?.item()).toBe(9)
})

it('attends as the fused operation does', () => {
  manualSeed(0)
  const block = new V.SelfAttention(8, 2)
  const x = randn([3, 5, 8])
  const heads = (y: Tensor): Tensor => y.reshape([3, 5, 2, 4]).transpose(1, 2)
  const [q, k, v] = [block.to_q(x), block.to_k(x), block.to_v(x)].map(heads) as [
    Tensor,
    Tensor,
    Tensor,
  ]
  const seen = nn.functional.scaledDotProductAttention(q, k, v).transpose(1, 2).reshape([3, 5, 8])
  close(block(x), block.layernorm(x.add(block.proj_out(seen))))
  expect(() => new V.SelfAttention(10, 3)).toThrow(/3 heads do not divide 10/)
})

it('passes the input by in a residual block', () => {
  const block = new V.ResBlock(4, 4)
  nn.init.zeros_(block.bn2.weight as nn.Parameter)
  const x = randn([2, 4, 5, 5])
  close(block(x), x)
  expect(new V.ResBlock(4, 8, 2)(x).shape).toEqual([2, 8, 3, 3])
})
