/** Recurrent layers of 16-bit floats are computed in float32 between their products. */
import type { Tensor } from '@flambeau/core'
import { manualSeed, randn } from '@flambeau/core'
import { grad } from '@flambeau/autograd'
import * as nn from '@flambeau/nn'
import { expect, it } from 'vitest'
import './index.ts'

type Layer = nn.LSTM | nn.GRU | nn.RNN

const layers: Record<string, () => Layer> = {
  'LSTM in two directions': () => new nn.LSTM(5, 6, { numLayers: 2, bidirectional: true }),
  'LSTM with a projection': () => new nn.LSTM(5, 6, { projSize: 3, batchFirst: true }),
  'LSTM without biases': () => new nn.LSTM(5, 6, { bias: false }),
  'GRU in two directions': () => new nn.GRU(5, 6, { bidirectional: true }),
  'GRU of batches first': () => new nn.GRU(5, 6, { batchFirst: true }),
  'RNN of tanh': () => new nn.RNN(5, 6),
  'RNN of relu': () => new nn.RNN(5, 6, { nonlinearity: 'relu' }),
}

/** The results of a layer, and the gradients of its input and its parameters. */
function results(layer: Layer, input: Tensor, lengths: readonly number[] | null): Tensor[] {
  const x = input.detach().requiresGrad_()
  const { packPaddedSequence, padPackedSequence } = nn.utils.rnn
  const run = layer.forward.bind(layer) as (x: unknown) => [unknown, unknown]
  const batchFirst = layer.batchFirst
  const packed =
    lengths && packPaddedSequence(x, [...lengths], { batchFirst, enforceSorted: false })
  const [given, state] = run(packed ?? x)
  const output = packed
    ? padPackedSequence(given as nn.utils.rnn.PackedSequence, { batchFirst })[0]
    : (given as Tensor)
  const states = (Array.isArray(state) ? [...state] : [state]) as Tensor[]
  const all = [output, ...states]
  const parameters = [...layer.parameters()]
  manualSeed(7)
  const gradOutputs = all.map((one) => randn(one.shape).to(one.device, one.dtype))
  return [...all, ...(grad(all, [x, ...parameters], { gradOutputs }) as Tensor[])]
}

/** The largest difference, against the largest magnitude. */
function error(actual: Tensor, expected: Tensor): number {
  const difference = actual.cpu().float().sub(expected).abs().max().item()
  return difference / Math.max(1, expected.abs().max().item())
}

for (const dtype of ['float16', 'bfloat16'] as const)
  for (const [name, make] of Object.entries(layers))
    for (const lengths of [null, [4, 2, 3]])
      it(`${name}, ${dtype}${lengths ? ', packed' : ''}`, () => {
        manualSeed(1)
        const layer = make().to(dtype)
        const input = randn(layer.batchFirst ? [3, 4, 5] : [4, 3, 5]).to(dtype)
        const there = results(layer.to('cuda'), input.to('cuda'), lengths)
        expect(there.every((tensor) => tensor.dtype === dtype && tensor.isCuda)).toBe(true)
        const expected = results(layer.to('cpu').float(), input.float(), lengths)
        expect(there.length).toBe(expected.length)
        const tolerance = dtype === 'float16' ? 4e-3 : 3e-2
        there.forEach((tensor, i) =>
          expect(error(tensor, expected[i] as Tensor), `result ${i}`).toBeLessThan(tolerance),
        )
      })
