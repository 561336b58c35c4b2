/** Four pictures in one: more objects, in more sizes, in each step. */
import type { Generator, Tensor } from '@flambeau/core'
import { rand, tensor, ValueError, zeros } from '@flambeau/core'
import { requireList, requireNumberList } from '@flambeau/core/internal'
import type { DetectionTarget, ImageSize } from './detector.ts'
import { indices } from './selection.ts'

/** An image with what is in it. */
export interface LabelledImage {
  /** `[C, H, W]`. */
  readonly image: Tensor
  readonly target: DetectionTarget
}

/**
 * Puts four images around a random point; each is cut off where the next begins. Of boxes that are cut,
 * those stay of which enough is left.
 *
 * @param options.generator Where random numbers come from. Default the global one.
 * @param options.leastVisible Share of a box that must be left. Default 0.4.
 * @throws {ValueError} unless there are four.
 * @see Bochkovskiy et al. 2020, https://arxiv.org/abs/2004.10934
 *
 * @example
 * ```ts
 * import { ones, tensor } from '@flambeau/core'
 * import { mosaic } from '@flambeau/vision-models'
 * const boxes = tensor([[10, 10, 20, 20]], { dtype: 'float32' })
 * const one = { image: ones([3, 32, 32]), target: { boxes, labels: tensor([1]) } }
 * const { image } = mosaic([one, one, one, one], [32, 32])
 * console.log(image.shape, image.min().item()) // => [ 3, 32, 32 ] 1
 * ```
 */
export function mosaic(
  four: readonly LabelledImage[],
  size: ImageSize,
  options: { generator?: Generator; leastVisible?: number } = {},
): LabelledImage {
  requireList('mosaic', 'four', four, 'a list of four images')
  requireNumberList('mosaic', 'size', size, 2)
  const [height, width] = size
  if (four.length !== 4) {
    const rule = `there are ${four.length} images`
    throw new ValueError('mosaic', [], rule, 'four are put together')
  }
  const { generator, leastVisible = 0.4 } = options
  const numbers = rand([10], generator === undefined ? {} : { generator }).tolist() as number[]
  const between = (i: number, least: number, most: number): number =>
    Math.round(least + (numbers[i] as number) * (most - least))
  const [cx, cy] = [between(0, width * 0.3, width * 0.7), between(1, height * 0.3, height * 0.7)]
  const image = zeros([(four[0] as LabelledImage).image.shape[0] as number, height, width])
  const boxes: number[] = []
  const labels: number[] = []
  four.forEach((part, i) => {
    const [right, below] = [i % 2 === 1, i >= 2]
    const [, high, wide] = part.image.shape as [number, number, number]
    // The region of the picture, and the part of the image that is shown there.
    const region = [
      right ? cx : 0,
      below ? cy : 0,
      right ? width : cx,
      below ? height : cy,
    ] as const
    const [w, h] = [Math.min(region[2] - region[0], wide), Math.min(region[3] - region[1], high)]
    const [x, y] = [between(2 + 2 * i, 0, wide - w), between(3 + 2 * i, 0, high - h)]
    // Images that are smaller than their region lie at the centre of the picture.
    const [left, top] = [right ? cx : cx - w, below ? cy : cy - h]
    image
      .narrow(1, top, h)
      .narrow(2, left, w)
      .copy_(part.image.narrow(1, y, h).narrow(2, x, w))
    const classes = part.target.labels.tolist() as number[]
    for (const [k, box] of (part.target.boxes.tolist() as number[][]).entries()) {
      const [x1, y1, x2, y2] = box as [number, number, number, number]
      const cut = [Math.max(x1, x), Math.max(y1, y), Math.min(x2, x + w), Math.min(y2, y + h)]
      const [u1, v1, u2, v2] = cut as [number, number, number, number]
      const seen = Math.max(u2 - u1, 0) * Math.max(v2 - v1, 0)
      if (seen <= 0 || seen < leastVisible * (x2 - x1) * (y2 - y1)) continue
      boxes.push(u1 - x + left, v1 - y + top, u2 - x + left, v2 - y + top)
      labels.push(classes[k] as number)
    }
  })
  const target = {
    boxes: tensor(boxes, { dtype: 'float32' }).reshape([-1, 4]),
    labels: indices(labels),
  }
  return { image, target }
}
