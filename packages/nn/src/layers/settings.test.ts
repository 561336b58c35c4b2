import { ones } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import * as nn from '../index.ts'

describe('the settings of layers', () => {
  it('come by position, by name, or both', () => {
    const wanted = 'Conv2d(2, 4, kernelSize=[3, 3], stride=[2, 2], groups=2, bias=false)'
    for (const layer of [
      new nn.Conv2d(2, 4, 3, 2, 0, 1, 2, false),
      new nn.Conv2d(2, 4, 3, 2, { groups: 2, bias: false }),
      new nn.Conv2d({
        inChannels: 2,
        outChannels: 4,
        kernelSize: 3,
        stride: 2,
        groups: 2,
        bias: false,
      }),
    ]) {
      expect(layer.toString()).toBe(wanted)
    }
    expect(() => new nn.Conv2d(2, 4, 3, { strides: 2 } as never)).toThrow(/no option 'strides'/)
  })

  it.each([
    [
      new nn.BatchNorm2d(3),
      'BatchNorm2d(3, eps=0.00001, momentum=0.1, affine=true, bias=true, trackRunningStats=true)',
    ],
    [new nn.LayerNorm([2, 3]), 'LayerNorm([2, 3], eps=0.00001, elementwiseAffine=true, bias=true)'],
    [new nn.RMSNorm(4), 'RMSNorm([4], eps=null, elementwiseAffine=true)'],
    [new nn.GroupNorm(2, 4), 'GroupNorm(2, 4, eps=0.00001, affine=true)'],
    [
      new nn.MaxPool2d(3, 2),
      'MaxPool2d(kernelSize=3, stride=2, padding=0, dilation=1, ceilMode=false)',
    ],
    [new nn.AdaptiveAvgPool2d([2, null]), 'AdaptiveAvgPool2d(outputSize=[2, null])'],
    [new nn.ReLU(true), 'ReLU(inplace=true)'],
    [new nn.Hardtanh(), 'Hardtanh(minVal=-1, maxVal=1)'],
    [new nn.ReflectionPad2d(2), 'ReflectionPad2d([2, 2, 2, 2])'],
    [new nn.Upsample({ scaleFactor: 2 }), "Upsample(scaleFactor=2, mode='nearest')"],
    [
      new nn.ConvTranspose1d(1, 2, 3, 2, 1, 1),
      'ConvTranspose1d(1, 2, kernelSize=[3], stride=[2], padding=[1], outputPadding=[1])',
    ],
    [new nn.Softmax(), 'Softmax(dim=null)'],
    [new nn.Identity(), 'Identity()'],
  ] as const)('are printed as PyTorch prints them: %s', (layer, wanted) => {
    expect(layer.toString()).toBe(wanted)
  })

  it('are checked when the layer is made', () => {
    const wrong: [() => nn.AnyModule, RegExp][] = [
      [
        () => new nn.Conv1d(2, 4, 3, { padding: 'same', stride: 2 }),
        /padding 'same' needs a stride of 1/,
      ],
      [() => new nn.Conv1d(2, 4, 3, { paddingMode: 'mirror' as never }), /no paddingMode 'mirror'/],
      [() => new nn.ConvTranspose1d(2, 4, 3, { paddingMode: 'reflect' }), /transposed/],
      [() => new nn.Conv1d(2, 4, 3, { groups: 3 }), /groups must divide/],
      [() => new nn.MaxPool2d([2, 0]), /kernelSize must be a whole number ≥ 1/],
      [() => new nn.Hardtanh(1, -1), /maxVal must be more than minVal/],
      [() => new nn.GroupNorm(2, 3), /numGroups must divide numChannels/],
      [() => new nn.LayerNorm([]), /normalizedShape must not be empty/],
      [() => new nn.FractionalMaxPool2d(2), /one of outputSize and outputRatio/],
      [() => new nn.Dropout2d(2), /p is a probability, not 2/],
      [() => new nn.PReLU(0), /numParameters must be a whole number ≥ 1/],
      [() => new nn.ZeroPad2d([1, 2]), /a list of 4/],
      [() => new nn.Bilinear(0, 1, 1), /in1Features must be a whole number ≥ 1/],
    ]
    for (const [make, rule] of wrong) expect(make).toThrow(rule)
  })

  it('decide which inputs are taken', () => {
    expect(() => new nn.BatchNorm2d(3)(ones([2, 3]))).toThrow(/4 axes, but has 2/)
    expect(() => new nn.BatchNorm1d(3)(ones([1, 3]))).toThrow(/only one value per channel/)
    expect(() => new nn.InstanceNorm1d(3, { affine: true })(ones([2, 4, 5]))).toThrow(/3 channels/)
    expect(() => new nn.Softmax2d()(ones([2, 3]))).toThrow(/has 2 axes/)
    expect(() => new nn.ConvTranspose1d(1, 1, 3, 2)(ones([1, 1, 4]), [12])).toThrow(
      /9 to 10, not 12/,
    )
    expect(() => new nn.Upsample()(ones([1, 1, 2]))).toThrow(/one of size and scaleFactor/)
  })
})
