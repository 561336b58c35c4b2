import type { Tensor } from '@flambeau/core'
import { linear, manualSeed, randn, zeros } from '@flambeau/core'
import { gradcheck } from '@flambeau/autograd'
import { assertClose } from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import * as nn from '../index.ts'

const options = { dtype: 'float64' } as const
const tolerance = { rtol: 1e-9, atol: 1e-10 }

describe('patchify', () => {
  it('cuts images into what a convolution sees, and back', () => {
    manualSeed(0)
    const x = randn([2, 3, 6, 8], options)
    const patches = nn.patchify(x, [3, 2])
    expect(patches.shape).toEqual([2, 8, 18])
    const tokenizer = new nn.ImageTokenizer([6, 8], [3, 2], 4, { position: 'none', ...options })
    const { weight, bias } = tokenizer.projection
    const wanted = linear(patches, weight.reshape([4, -1]), bias)
    assertClose(tokenizer(x).detach(), wanted.detach(), tolerance, 'tokens')
    expect(nn.unpatchify(patches, { patchSize: [3, 2], imageSize: [6, 8] }).equal(x)).toBe(true)
    expect(tokenizer.unpatchify(patches).equal(x)).toBe(true)
  })

  it('says what does not fit', () => {
    expect(() => nn.patchify(zeros([1, 1, 5, 4]), 2)).toThrow(/must fill the image of 5 × 4/)
    expect(() => nn.patchify(zeros([5, 4]), 2)).toThrow(/\[N, C, H, W\]/)
    expect(() => nn.unpatchify(zeros([1, 3, 4]), 2, 4)).toThrow(/\[N, 4, C · 4\]/)
    expect(() => nn.unpatchify(zeros([1, 4, 5]), 2, 4)).toThrow(/\[N, 4, C · 4\]/)
  })
})

describe('ImageTokenizer', () => {
  it('adds positions and a class token', () => {
    manualSeed(1)
    const tokenizer = new nn.ImageTokenizer(4, 2, 8, { inChannels: 1, classToken: true })
    expect(Object.keys(tokenizer.stateDict())).toEqual([
      'class_token',
      'position_embedding',
      'projection.weight',
      'projection.bias',
    ])
    const x = randn([3, 1, 4, 4])
    const tokens = tokenizer(x)
    expect(tokens.shape).toEqual([3, 5, 8])
    expect(tokens.at(1, 0).tolist()).toEqual(tokenizer.position_embedding?.at(0, 0).tolist())
    const map = tokenizer.toMap(tokens)
    expect(map.shape).toEqual([3, 8, 2, 2])
    expect(map.select(0, 1).select(1, 1).select(1, 0).tolist()).toEqual(tokens.at(1, 3).tolist())
    expect(tokenizer.toMap(tokens.narrow(1, 1, 4)).equal(map)).toBe(true)
    const spread = tokenizer.position_embedding?.std().item() as number
    expect(spread).toBeGreaterThan(0.012)
    expect(spread).toBeLessThan(0.028)
  })

  it('has waves along both axes', () => {
    const tokenizer = new nn.ImageTokenizer([4, 6], 2, 8, 1, true, 'sinusoidal')
    expect(Object.keys(tokenizer.stateDict())).not.toContain('position_embedding')
    const all = tokenizer.position_embedding?.tolist() as number[][][]
    const [first, ...places] = all[0] as number[][]
    expect(first).toEqual(Array(8).fill(0))
    // Row 1, column 2: angles y and y / 100, x and x / 100.
    const angles = [1, 0.01, 2, 0.02]
    const [a = 0, b = 0, c = 0, d = 0] = angles
    const wanted = [Math.sin(a), Math.sin(b), Math.cos(a), Math.cos(b)].concat([
      Math.sin(c),
      Math.sin(d),
      Math.cos(c),
      Math.cos(d),
    ])
    places[5]?.forEach((value, i) => expect(value).toBeCloseTo(wanted[i] as number, 6))
    expect(tokenizer.double().position_embedding?.dtype).toBe('float64')
  })

  it('has exact gradients', () => {
    manualSeed(2)
    const tokenizer = new nn.ImageTokenizer(4, 2, 4, {
      inChannels: 2,
      classToken: true,
      ...options,
    })
    const names = [...tokenizer.namedParameters()].map(([name]) => name)
    const run = (x: Tensor, ...values: Tensor[]): Tensor => {
      const given = names.map((name, i) => [name, values[i] as Tensor] as const)
      return nn.utils.stateless.functionalCall(tokenizer, Object.fromEntries(given), [x])
    }
    const inputs = [randn([1, 2, 4, 4], options), ...tokenizer.parameters()]
    expect(
      gradcheck(
        run,
        inputs.map((one) => one.detach().requiresGrad_()),
      ),
    ).toBe(true)
  })

  it('says what is wrong', () => {
    const make = (settings: object): unknown =>
      new nn.ImageTokenizer({ imageSize: 8, patchSize: 4, dim: 8, ...settings })
    expect(() => make({ patchSize: 3 })).toThrow(/must fill/)
    expect(() => make({ dim: 6, position: 'sinusoidal' })).toThrow(/multiple of 4, not 6/)
    expect(() => make({ position: 'rotary' })).toThrow(/no position "rotary"/)
    const tokenizer = new nn.ImageTokenizer(8, 4, 8)
    expect(() => tokenizer(zeros([1, 3, 8, 4]))).toThrow(/\[N, C, 8, 8\]/)
    expect(() => tokenizer.toMap(zeros([1, 5, 8]))).toThrow(/\[N, 4, …\]/)
    expect(String(tokenizer)).toMatch(
      /^ImageTokenizer\(\n {2}imageSize=\[8, 8\], patchSize=\[4, 4\], dim=8/,
    )
  })
})
