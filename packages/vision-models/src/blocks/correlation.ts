/** Correlation and pooling written out, window by window, as courses begin with them. */
import type { Tensor } from '@flambeau/core'
import { requireNumberList, requireTensor, show } from '@flambeau/core/internal'
import { randn, ShapeError, stack, ValueError, zeros } from '@flambeau/core'
import * as nn from '@flambeau/nn'

function requireMatrix(op: string, name: string, tensor: Tensor): [number, number] {
  requireTensor(op, name, tensor)
  if (tensor.ndim === 2) return tensor.shape as [number, number]
  throw new ShapeError(
    op,
    { [name]: tensor },
    `${name} must be [height, width]`,
    'select a channel',
  )
}

/** Each window's value, put together: `[rows, columns]`. */
function overWindows(
  x: Tensor,
  [height, width]: readonly [number, number],
  value: (window: Tensor) => Tensor,
): Tensor {
  const [rows, columns] = x.shape.map((size, i) => size - [height, width][i]! + 1) as [
    number,
    number,
  ]
  const lines = Array.from({ length: rows }, (_, i) => {
    const line = x.narrow(0, i, height)
    return stack(Array.from({ length: columns }, (_, j) => value(line.narrow(1, j, width))))
  })
  return stack(lines)
}

/**
 * Cross-correlation of a matrix with a kernel: each output is the sum of a window times the kernel.
 *
 * Shapes: x `[H, W]`, kernel `[h, w]` -> `[H - h + 1, W - w + 1]`. Differentiable in both.
 *
 * @throws {ShapeError} if they are not matrices, or the kernel is larger than x.
 *
 * @example
 * ```ts
 * import { ones, tensor } from '@flambeau/core'
 * import { corr2d } from '@flambeau/vision-models'
 * const x = ones([2, 4])
 * x.narrow(1, 1, 2).zero_()
 * console.log(corr2d(x, tensor([[1, -1]])).tolist()) // => [ [ 1, 0, -1 ], [ 1, 0, -1 ] ]
 * ```
 */
export function corr2d(x: Tensor, kernel: Tensor): Tensor {
  const [height, width] = requireMatrix('corr2d', 'x', x)
  const size = requireMatrix('corr2d', 'kernel', kernel)
  if (size[0] > height || size[1] > width) {
    throw new ShapeError('corr2d', { x, kernel }, 'the kernel is larger than x', 'pad x')
  }
  return overWindows(x, size, (window) => window.mul(kernel).sum())
}

/**
 * Cross-correlation of several channels: that of each with its kernel, summed.
 *
 * Shapes: x `[C, H, W]`, kernel `[C, h, w]` -> `[H - h + 1, W - w + 1]`.
 *
 * @throws {ShapeError} if the channels differ, or a kernel is larger than x.
 */
export function corr2dMultiIn(x: Tensor, kernel: Tensor): Tensor {
  requireTensor('corr2dMultiIn', 'x', x)
  requireTensor('corr2dMultiIn', 'kernel', kernel)
  if (x.ndim !== 3 || kernel.ndim !== 3 || x.shape[0] !== kernel.shape[0]) {
    const rule = 'x [C, H, W] and kernel [C, h, w] need the same channels'
    throw new ShapeError('corr2dMultiIn', { x, kernel }, rule, 'unsqueeze(0) single matrices')
  }
  const kernels = kernel.unbind(0)
  const parts = x.unbind(0).map((channel, c) => corr2d(channel, kernels[c] as Tensor))
  return stack(parts).sum(0)
}

/**
 * Cross-correlation with several kernels, each over all channels: one output channel for each.
 *
 * Shapes: x `[C, H, W]`, kernel `[K, C, h, w]` -> `[K, H - h + 1, W - w + 1]`.
 *
 * @throws {ShapeError} if the channels differ, or a kernel is larger than x.
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { corr2dMultiInOut } from '@flambeau/vision-models'
 * console.log(corr2dMultiInOut(ones([2, 3, 3]), ones([4, 2, 2, 2])).shape) // => [ 4, 2, 2 ]
 * ```
 */
export function corr2dMultiInOut(x: Tensor, kernel: Tensor): Tensor {
  requireTensor('corr2dMultiInOut', 'kernel', kernel)
  if (kernel.ndim !== 4) {
    throw new ShapeError(
      'corr2dMultiInOut',
      { kernel },
      'kernel must be [K, C, h, w]',
      'unsqueeze(0)',
    )
  }
  return stack(kernel.unbind(0).map((one) => corr2dMultiIn(x, one)))
}

/**
 * The largest value, or the mean, of each window of a matrix, moved by one.
 *
 * Shapes: x `[H, W]` -> `[H - h + 1, W - w + 1]`.
 *
 * @throws {ShapeError} if x is not a matrix, or smaller than the window.
 * @throws {ValueError} for other modes.
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { pool2d } from '@flambeau/vision-models'
 * console.log(pool2d(tensor([[1, 2, 3], [4, 5, 6]]), [2, 2]).tolist()) // => [ [ 5, 6 ] ]
 * ```
 */
export function pool2d(
  x: Tensor,
  size: readonly [height: number, width: number],
  mode: 'max' | 'avg' = 'max',
): Tensor {
  const [height, width] = requireMatrix('pool2d', 'x', x)
  requireNumberList('pool2d', 'size', size, 2)
  if (size[0] > height || size[1] > width) {
    throw new ShapeError(
      'pool2d',
      { x },
      `the window ${size.join(' × ')} is larger than x`,
      'pad x',
    )
  }
  if (mode !== 'max' && mode !== 'avg') {
    throw new ValueError('pool2d', { x }, `there is no mode ${show(mode)}`, "'max' or 'avg'")
  }
  return overWindows(x, size, (window) => (mode === 'max' ? window.max() : window.mean()))
}

/**
 * A layer around {@link corr2d}, with a kernel and a bias that are learnt.
 *
 * Shapes: `[H, W]` -> `[H - h + 1, W - w + 1]`. Kernel and bias begin standard normal.
 *
 * @throws {ShapeError} as {@link corr2d}.
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Correlation2d } from '@flambeau/vision-models'
 * console.log(new Correlation2d([1, 2])(ones([6, 8])).shape) // => [ 6, 7 ]
 * ```
 */
export class Correlation2d extends nn.Module {
  weight: nn.Parameter
  bias: nn.Parameter

  constructor(kernelSize: readonly [height: number, width: number]) {
    super()
    requireNumberList('Correlation2d', 'kernelSize', kernelSize, 2)
    this.weight = new nn.Parameter(randn([...kernelSize]))
    this.bias = new nn.Parameter(randn([1]))
  }

  override forward(x: Tensor): Tensor {
    return corr2d(x, this.weight).add(this.bias)
  }
}

/** What {@link learnKernel} found. */
export interface LearntKernel {
  readonly kernel: Tensor
  /** Summed squared error before each update. */
  readonly losses: readonly number[]
}

/**
 * Learns the kernel that makes `y` of `x`, by updates written by hand: `w ← w - lr · gradient`.
 *
 * Shapes: x `[H, W]`, y `[H - h + 1, W - w + 1]` -> kernel `[h, w]`, which begins at 0.
 *
 * @param lr Default 0.03. @param steps Default 20.
 * @throws {ShapeError} if y is larger than x.
 *
 * @example
 * ```ts
 * import { ones, tensor } from '@flambeau/core'
 * import { corr2d, learnKernel } from '@flambeau/vision-models'
 * const x = ones([6, 8])
 * x.narrow(1, 2, 4).zero_()
 * const { kernel } = learnKernel(x, corr2d(x, tensor([[1, -1]])))
 * console.log((kernel.tolist() as number[][]).map((row) => row.map(Math.round))) // => [ [ 1, -1 ] ]
 * ```
 */
export function learnKernel(
  x: Tensor,
  y: Tensor,
  lr: number = 0.03,
  steps: number = 20,
): LearntKernel {
  const [height, width] = requireMatrix('learnKernel', 'x', x)
  const [rows, columns] = requireMatrix('learnKernel', 'y', y)
  if (rows > height || columns > width) {
    throw new ShapeError('learnKernel', { x, y }, 'y is larger than x', 'exchange them')
  }
  const kernel = zeros([height - rows + 1, width - columns + 1]).requiresGrad_()
  const losses: number[] = []
  for (let step = 0; step < steps; step++) {
    const loss = corr2d(x, kernel).sub(y).square().sum()
    kernel.grad = null
    loss.backward()
    kernel.detach().sub_((kernel.grad as unknown as Tensor).mul(lr))
    losses.push(loss.item())
  }
  return { kernel: kernel.detach(), losses }
}
