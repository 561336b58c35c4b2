/** Changes of colours, as functions of images [C, H, W]: uint8, or floats in [0, 1]. */
import type { Tensor } from '@flambeau/core'
import { conv2d, DTypeError, ShapeError, tensor, where } from '@flambeau/core'
import { imageRecolour, imageTable, imageWarp } from '@flambeau/core/internal'

/** Shares of red, green and blue in the brightness of a pixel. */
const SHARES = [0.2989, 0.587, 0.114] as const

/** @throws {ShapeError, DTypeError} unless it has 1 or 3 channels of a type with colours. */
export function requireColours(op: string, image: Tensor): void {
  const channels = image.shape[0]
  if (channels !== 1 && channels !== 3) {
    throw new ShapeError(
      op,
      { image },
      `colours have 1 or 3 channels, not ${channels}`,
      "decode with { mode: 'rgb' }",
    )
  }
  if (image.dtype !== 'uint8' && image.dtype !== 'float32') {
    throw new DTypeError(
      op,
      { image },
      `colours are uint8, or float32 in [0, 1], not ${image.dtype}`,
      "image.to('float32')",
    )
  }
}

/** A value of 0 to 255 as it is stored: rounded down. */
const byte = (value: number): number => Math.trunc(Math.min(255, Math.max(0, Math.fround(value))))

/** uint8 images by a table, one for all channels or one each. */
function byTable(image: Tensor, value: (x: number, channel: number) => number, rows = 1): Tensor {
  const table = Uint8Array.from({ length: 256 * rows }, (_, i) =>
    value(i % 256, Math.floor(i / 256)),
  )
  return imageTable(image, tensor(table).view(rows, 256))
}

/** The brightness of each pixel, [1, H, W]: whole numbers for uint8. */
export function brightnessOf(image: Tensor): Tensor {
  if (image.shape[0] === 1) return image
  if (image.dtype === 'uint8') return imageRecolour(image, 'saturation', 0).narrow(0, 0, 1)
  return image.mul(tensor([...SHARES], { dtype: 'float32' }).view(3, 1, 1)).sum(0, true)
}

export function adjustBrightness(image: Tensor, factor: number): Tensor {
  const scale = Math.fround(factor)
  if (image.dtype === 'uint8') return byTable(image, (x) => byte(x * scale))
  return image.mul(factor).clamp(0, 1)
}

export function adjustContrast(image: Tensor, factor: number): Tensor {
  const mean = brightnessOf(image).to('float32').mean()
  const rest = mean.item() * (1 - factor)
  if (image.dtype === 'uint8') return byTable(image, (x) => byte(Math.fround(x * factor) + rest))
  return image.mul(factor).add(rest).clamp(0, 1)
}

export function adjustSaturation(image: Tensor, factor: number): Tensor {
  return image.shape[0] === 1 ? image : imageRecolour(image, 'saturation', factor)
}

export function adjustHue(image: Tensor, turns: number): Tensor {
  return image.shape[0] === 1 ? image : imageRecolour(image, 'hue', turns)
}

/** Convolution of each channel with one kernel, in float32. */
function filtered(image: Tensor, kernel: Tensor): Tensor {
  const channels = image.shape[0] as number
  const [rows = 1, columns = 1] = kernel.shape
  const weight = kernel.view(1, 1, rows, columns).expand([channels, 1, rows, columns])
  return conv2d(image.unsqueeze(0), weight, { groups: channels }).squeeze(0)
}

export function adjustSharpness(image: Tensor, factor: number): Tensor {
  const [, height = 0, width = 0] = image.shape
  if (height <= 2 || width <= 2) return image
  const whole = image.dtype === 'uint8'
  const out = image.to('float32').contiguous().clone()
  const kernel = tensor([1, 1, 1, 1, 5, 1, 1, 1, 1], { dtype: 'float32' }).div(13).view(3, 3)
  const smooth = filtered(out, kernel)
  const inner = out.narrow(1, 1, height - 2).narrow(2, 1, width - 2)
  const blurred = whole ? smooth.round() : smooth
  inner.copy_(inner.add(blurred.sub(inner).mul(1 - factor)))
  return out.clamp(0, whole ? 255 : 1).to(image.dtype)
}

/** A Gaussian blur, reflected at the edges. */
export function gaussianBlur(
  image: Tensor,
  size: readonly [height: number, width: number],
  sigma: readonly [y: number, x: number],
): Tensor {
  const [, height = 0, width = 0] = image.shape
  const [down, across] = [(size[0] - 1) / 2, (size[1] - 1) / 2]
  const line = (reach: number, deviation: number): Tensor => {
    const bells = Array.from({ length: 2 * reach + 1 }, (_, i) =>
      Math.exp(-0.5 * ((i - reach) / deviation) ** 2),
    )
    const total = bells.reduce((sum, bell) => sum + bell, 0)
    return tensor(
      bells.map((bell) => bell / total),
      { dtype: 'float32' },
    )
  }
  const padded = imageWarp(
    image.to('float32').contiguous(),
    [1, 0, -across, 0, 1, -down, 0, 0, 1],
    {
      height: height + 2 * down,
      width: width + 2 * across,
      sampling: 'nearest',
      border: 'reflect',
      fill: [0],
    },
  )
  const rows = filtered(padded, line(across, sigma[1]).view(1, -1))
  const out = filtered(rows, line(down, sigma[0]).view(-1, 1))
  return image.dtype === 'uint8' ? out.round().clamp(0, 255).to('uint8') : out.to(image.dtype)
}

export function posterize(image: Tensor, bits: number): Tensor {
  if (image.dtype === 'uint8') {
    if (bits >= 8) return image
    const mask = ((1 << bits) - 1) << (8 - bits)
    return byTable(image, (x) => x & mask)
  }
  const levels = 2 ** bits
  return image
    .mul(levels)
    .floor()
    .clamp(0, levels - 1)
    .div(levels)
}

export function invert(image: Tensor): Tensor {
  return image.dtype === 'uint8' ? byTable(image, (x) => 255 - x) : image.neg().add(1)
}

/** Values from `share` of the range on are inverted. */
export function solarize(image: Tensor, share: number): Tensor {
  if (image.dtype === 'uint8') return byTable(image, (x) => (x >= 255 * share ? 255 - x : x))
  return where(image.ge(share), invert(image), image)
}

/** The darkest value of each channel becomes black, the brightest white. */
export function autoContrast(image: Tensor): Tensor {
  const float = image.to('float32')
  const low = [...(float.amin([1, 2]).toArray() as Float32Array)]
  const high = [...(float.amax([1, 2]).toArray() as Float32Array)]
  const most = image.dtype === 'uint8' ? 255 : 1
  const scales = low.map((value, c) => {
    const span = (high[c] as number) - value
    return span === 0 ? ([0, 1] as const) : ([value, Math.fround(span / most)] as const)
  })
  if (image.dtype === 'uint8') {
    const value = (x: number, c: number): number => {
      const [from, scale] = scales[c] as readonly [number, number]
      return byte((x - from) / scale)
    }
    return byTable(image, value, scales.length)
  }
  const column = (part: 0 | 1): Tensor =>
    tensor(
      scales.map((pair) => pair[part]),
      { dtype: 'float32' },
    ).view(-1, 1, 1)
  return image.sub(column(0)).div(column(1)).clamp(0, 1)
}

/** All values become equally frequent, channel by channel. */
export function equalize(image: Tensor): Tensor {
  if (image.dtype !== 'uint8') {
    const whole = equalize(image.mul(255.999).to('uint8'))
    return whole.to('float32').div(255)
  }
  const channels = image.shape[0] as number
  const tables = Array.from({ length: channels }, (_, c) => {
    const counts = image.select(0, c).contiguous().view(-1).bincount({ minlength: 256 })
    return equalizing(Array.from(counts.toArray(), Number))
  })
  return byTable(image, (x, c) => (tables[c] as number[])[x] as number, channels)
}

function equalizing(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const last = counts.findLast((count) => count > 0) ?? 0
  const step = Math.floor((total - last) / 255)
  if (step === 0) return counts.map((_, i) => i)
  let sum = 0
  return counts.map((count) => {
    const value = Math.floor((sum + Math.floor(step / 2)) / step)
    sum += count
    return Math.min(255, value)
  })
}
