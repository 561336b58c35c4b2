/** In-place forms of views: the tensor itself gets other sizes, strides or axes. */
import type { Arguments } from '../arguments.ts'
import { viewInPlace } from '../in-place.ts'
import type { Tensor } from '../tensor.ts'
import type { SwapaxesOptions, TransposeOptions } from './axes.ts'
import { swapaxes, swapdims, t, transpose } from './axes.ts'
import type { SqueezeOptions, UnsqueezeOptions } from './views.ts'
import { squeeze, unsqueeze } from './views.ts'

/** The in-place form of a view with these arguments. */
function inPlace<A extends readonly unknown[]>(
  name: string,
  view: (self: Tensor, ...given: A) => Tensor,
): (self: Tensor, ...given: A) => Tensor {
  return (self, ...given) => viewInPlace(name, self, (before) => view(before, ...given))
}

export interface RestrideMethods {
  /** Exchanges two axes of the tensor itself. @see torch.Tensor.transpose_ */
  transpose_(...given: Arguments<TransposeOptions, ['dim0', 'dim1']>): this
  /** {@link transpose_} under another name. @see torch.Tensor.swapdims_ */
  swapdims_(...given: Arguments<TransposeOptions, ['dim0', 'dim1']>): this
  /** {@link transpose_} under another name. @see torch.Tensor.swapaxes_ */
  swapaxes_(...given: Arguments<SwapaxesOptions, ['axis0', 'axis1']>): this
  /** Exchanges rows and columns of the matrix itself. @see torch.Tensor.t_ */
  t_(): this
  /** Takes axes of size 1 away: all, or those named. @see torch.Tensor.squeeze_ */
  squeeze_(...given: Arguments<SqueezeOptions, ['dim']>): this
  /** Adds an axis of size 1 before axis `dim`. @see torch.Tensor.unsqueeze_ */
  unsqueeze_(...given: Arguments<UnsqueezeOptions, ['dim']>): this
}

export const restrideMethods: {
  readonly [K in keyof RestrideMethods]: (
    self: Tensor,
    ...given: Parameters<RestrideMethods[K]>
  ) => Tensor
} = {
  transpose_: inPlace('transpose_', transpose),
  swapdims_: inPlace('swapdims_', swapdims),
  swapaxes_: inPlace('swapaxes_', swapaxes),
  t_: inPlace('t_', t),
  squeeze_: inPlace('squeeze_', squeeze),
  unsqueeze_: inPlace('unsqueeze_', unsqueeze),
}
