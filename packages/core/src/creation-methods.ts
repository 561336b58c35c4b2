/** Methods of tensors that make new ones of the same dtype. */
import type { Arguments } from './arguments.ts'
import { parameters } from './arguments.ts'
import type { EmptyStridedOptions, FullOptions } from './creation.ts'
import { emptyStridedCode } from './creation.ts'
import type { CreationOptions, FillValue, SizeArguments } from './creation-options.ts'
import {
  chooseDtype,
  CREATION,
  emptyCode,
  fillValue as valueOf,
  finish,
  fullCode,
  readSizes,
} from './creation-options.ts'
import type { Device } from './device.ts'
import type { DType, DTypeCode } from './dtype.ts'
import type { TensorData } from './from-data.ts'
import { newTensor } from './from-data.ts'
import type { MethodTable } from './methods.ts'
import type { Shape } from './shape.ts'
import { checkShape } from './shape.ts'
import type { AnyDType, Tensor } from './tensor.ts'

function make(
  op: string,
  self: Tensor,
  given: readonly unknown[],
  body: (shape: Shape, dtype: DTypeCode) => Tensor,
): Tensor {
  const [shape, options] = readSizes<CreationOptions>(op, given)
  const dtype = chooseDtype(op, options, self._dtype)
  return finish(op, () => body(shape, dtype), {
    ...options,
    device: options?.device ?? self.device,
  })
}

const readFull = parameters<[readonly number[], FillValue, DType, Device, boolean]>('newFull', [
  'size',
  'fillValue',
  ...CREATION,
])

const readStrided = parameters<[readonly number[], readonly number[], DType, Device, boolean]>(
  'newEmptyStrided',
  ['size', 'stride', ...CREATION],
)

/** Options of a new tensor that has the dtype of another unless they name one. */
type Same<D extends DType, Own extends DType> = [D] extends [never] ? Own : D

export interface CreationMethods<Own extends DType = AnyDType> {
  /** Unspecified contents in the tensor's dtype. @see torch.Tensor.new_empty */
  newEmpty<D extends DType = never>(
    ...given: SizeArguments<CreationOptions<D>>
  ): Tensor<Same<D, Own>>
  /** Zeros in the tensor's dtype. @see torch.Tensor.new_zeros */
  newZeros<D extends DType = never>(
    ...given: SizeArguments<CreationOptions<D>>
  ): Tensor<Same<D, Own>>
  /** Ones in the tensor's dtype. @see torch.Tensor.new_ones */
  newOnes<D extends DType = never>(
    ...given: SizeArguments<CreationOptions<D>>
  ): Tensor<Same<D, Own>>
  /** One value in the tensor's dtype. @see torch.Tensor.new_full */
  newFull<D extends DType = never>(
    ...given: Arguments<FullOptions<D>, ['size', 'fillValue']>
  ): Tensor<Same<D, Own>>
  /** Unspecified contents with strides, in the tensor's dtype. @see torch.Tensor.new_empty_strided */
  newEmptyStrided<D extends DType = never>(
    ...given: Arguments<EmptyStridedOptions<D>, ['size', 'stride']>
  ): Tensor<Same<D, Own>>
  /** A copy of data in the tensor's dtype. @see torch.Tensor.new_tensor */
  newTensor<D extends DType = never>(
    data: TensorData,
    options?: CreationOptions<D>,
  ): Tensor<Same<D, Own>>
}

export const creationMethods: MethodTable<CreationMethods> = {
  newEmpty: (self, ...given) => make('newEmpty', self, given, emptyCode),
  newZeros: (self, ...given) =>
    make('newZeros', self, given, (shape, dtype) => fullCode(shape, 0, dtype)),
  newOnes: (self, ...given) =>
    make('newOnes', self, given, (shape, dtype) => fullCode(shape, 1, dtype)),
  newFull: (self, ...given) => {
    const [size, value, dtype, device, requiresGrad] = readFull(given)
    const code = chooseDtype('newFull', { dtype, device }, self._dtype)
    const shape = checkShape('newFull', size as readonly number[])
    const number = valueOf('newFull', value, code)
    return finish('newFull', () => fullCode(shape, number, code), {
      device: device ?? self.device,
      requiresGrad: requiresGrad === true,
    })
  },
  newEmptyStrided: (self, ...given) => {
    const [size, stride, dtype, device, requiresGrad] = readStrided(given)
    const options = { dtype, device } as CreationOptions
    const code = chooseDtype('newEmptyStrided', options, self._dtype)
    const make = (): Tensor => emptyStridedCode('newEmptyStrided', size, stride, code)
    return finish('newEmptyStrided', make, {
      device: device ?? self.device,
      requiresGrad: requiresGrad === true,
    })
  },
  newTensor,
}
