import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { arange, manualSeed, rand, randint, type Tensor, tensor } from '@flambeau/core'
import { assertClose } from '@flambeau/core/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { FormatError } from '../formats/errors.ts'
import type { DecodeOptions, ImageFormat } from './index.ts'
import {
  decodeImage,
  encodeImage,
  imageInfo,
  parseImageInfo,
  readImage,
  writeAnimation,
  writeImage,
} from './index.ts'

const fixtures = join(import.meta.dirname, '../fixtures/images')
const file = (name: string): Buffer => readFileSync(join(fixtures, name))
const pixels = JSON.parse(readFileSync(join(fixtures, 'pixels.json'), 'utf8')) as Record<
  string,
  { shape: number[]; data: string }
>
const folder = mkdtempSync(join(tmpdir(), 'flambeau-images-'))
afterAll(() => rmSync(folder, { recursive: true }))

const modes: Record<string, DecodeOptions> = {
  L: { mode: 'gray' },
  LA: { mode: 'grayAlpha' },
  RGB: { mode: 'rgb' },
  RGBA: { mode: 'rgba' },
  index: { mode: 'index' },
  int32: { dtype: 'int32' },
}

function expectClose(image: Tensor, name: string, atol: number): void {
  const want = pixels[name] as { shape: number[]; data: string }
  expect(image.shape).toEqual(want.shape)
  const flat = image.contiguous().view(-1).to('float64')
  const words = new Uint16Array(Uint8Array.from(Buffer.from(want.data, 'base64')).buffer)
  assertClose(flat, tensor([...words], { dtype: 'float64' }), { rtol: 0, atol }, name)
}

describe('decodeImage', () => {
  for (const name of Object.keys(pixels)) {
    test(`gives Pillow's pixels of ${name}`, async () => {
      const [path, mode] = name.split(' ') as [string, string]
      const image = await readImage(join(fixtures, path), modes[mode])
      // Decoders of lossy formats round differently; the brightness of a palette may be cut off.
      const lossy = /\.jpg|lossy/.test(path) ? 3 : mode === 'L' && path.startsWith('pal') ? 1 : 0
      expectClose(image, name, lossy)
      expect(image.dtype).toBe(mode === 'int32' ? 'int32' : 'uint8')
    })
  }

  test('keeps the channels of the file by default', async () => {
    const channels = async (name: string): Promise<unknown> =>
      (await readImage(join(fixtures, name))).shape[0]
    expect(await channels('grey.jpg')).toBe(1)
    expect(await channels('grey-alpha.png')).toBe(2)
    expect(await channels('colour.jpg')).toBe(3)
    expect(await channels('alpha.png')).toBe(4)
    expect(await channels('palette.gif')).toBe(3)
  })

  test('weighs colours for grey images', async () => {
    const rgb = await decodeImage(file('colour.png'), { mode: 'rgb' })
    const grey = await decodeImage(file('colour.png'), { mode: 'gray' })
    const [r, g, b] = rgb.to('float32').unbind(0) as [Tensor, Tensor, Tensor]
    const want = r.mul(0.299).add(g.mul(0.587)).add(b.mul(0.114)).round().unsqueeze(0)
    assertClose(grey.to('float32'), want, { rtol: 0, atol: 1 })
  })

  test('turns images as EXIF says if asked', async () => {
    const plain = await decodeImage(file('turned.jpg'), { mode: 'rgb' })
    const turned = await decodeImage(file('turned.jpg'), { mode: 'rgb', orient: true })
    expect(turned.shape).toEqual([3, 17, 13])
    // 6: the first row of what is stored is the right-hand side.
    const want = plain.permute(0, 2, 1).flip([2]).to('int32')
    assertClose(turned.to('int32'), want, { rtol: 0, atol: 0 })
  })

  test('shrinks photographs while it decodes them', async () => {
    const image = randint(0, 256, [3, 100, 161], { dtype: 'uint8' })
    const bytes = await encodeImage(image, 'JPEG')
    const shape = async (shrinkTo: [number, number]): Promise<readonly number[]> =>
      (await decodeImage(bytes, { shrinkTo })).shape
    expect(await shape([13, 21])).toEqual([3, 13, 21])
    expect(await shape([25, 40])).toEqual([3, 25, 41])
    expect(await shape([26, 40])).toEqual([3, 50, 81])
    expect(await shape([51, 40])).toEqual([3, 100, 161])
    const png = await encodeImage(image, 'PNG')
    expect((await decodeImage(png, { shrinkTo: [2, 2] })).shape).toEqual([3, 100, 161])
  })

  test('tells size, channels and palette without decoding', async () => {
    expect(await imageInfo(join(fixtures, 'palette.png'))).toMatchObject({
      format: 'PNG',
      height: 13,
      width: 17,
      channels: 3,
      bits: 2,
    })
    const { palette } = await imageInfo(join(fixtures, 'palette.gif'))
    expect(palette?.slice(0, 4)).toEqual([
      [200, 10, 30],
      [0, 0, 0],
      [10, 240, 90],
      [255, 255, 255],
    ])
    expect((await imageInfo(join(fixtures, 'clear.gif'))).channels).toBe(4)
    expect((await imageInfo(join(fixtures, 'alpha.webp'))).channels).toBe(4)
    expect((await imageInfo(join(fixtures, 'lossy.webp'))).channels).toBe(3)
  })

  test('refuses bad options', async () => {
    const decode = (options: unknown): Promise<Tensor> =>
      decodeImage(file('colour.png'), options as DecodeOptions)
    await expect(decode({ mode: 'cmyk' })).rejects.toThrow(/mode must be one of unchanged/)
    await expect(decode({ dtype: 'float32' })).rejects.toThrow(/dtype must be 'uint8' or 'int32'/)
    await expect(decode({ maxPixels: 0 })).rejects.toThrow(/maxPixels must be at least 1/)
    await expect(decode({ shrinkTo: [0, 2] })).rejects.toThrow(/shrinkTo/)
    await expect(decode({ mode: 'index' })).rejects.toThrow(/PNG: pixels are colours, not indices/)
  })
})

describe('hostile files', () => {
  const names = ['colour.jpg', 'alpha.png', 'palette.png', 'palette.gif', 'clear.gif', 'lossy.webp']
  const all = [...names, 'colour.webp', 'deep.png']

  test.each(all)('%s, cut off anywhere, gives an error that names the file', async (name) => {
    const bytes = file(name)
    const step = Math.max(1, Math.floor(bytes.length / 60))
    for (let length = 0; length < bytes.length - 16; length += step) {
      const cut = decodeImage(bytes.subarray(0, length), { path: `/some/${name}`, mode: 'gray' })
      await expect(cut, `${length} bytes`).rejects.toThrow(FormatError)
      await expect(cut).rejects.toThrow(`/some/${name}`)
    }
  })

  test.each(all)('%s with flipped bits gives an image or a typed error', async (name) => {
    const bytes = file(name)
    const modes = ['unchanged', 'gray', 'rgba', 'index'] as const
    const attempts = Array.from({ length: 160 }, (_, k) => {
      const bad = Buffer.from(bytes)
      // The header more than the rest.
      const at = k < 100 ? k % bytes.length : (k * 7919) % bytes.length
      bad[at] = (bad[at] as number) ^ (1 << (k % 8))
      return decodeImage(bad, { mode: modes[k % 4] as 'gray', maxPixels: 1e6 })
    })
    for (const result of await Promise.allSettled(attempts)) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(FormatError)
      else expect(result.value.numel()).toBeLessThan(4e6)
    }
  })

  test('absurd sizes are refused before anything is decoded', async () => {
    const png = Buffer.from(file('colour.png'))
    png.writeUInt32BE(100_000, 16)
    png.writeUInt32BE(100_000, 20)
    await expect(decodeImage(png, { path: 'bomb.png' })).rejects.toThrow(
      /PNG: 100000 × 100000 are 10000000000 pixels, more than the limit of 67108864\n {2}file: bomb.png/,
    )
    const gif = Buffer.from(file('palette.gif'))
    gif.writeUInt32LE(0xffffffff, 6)
    await expect(decodeImage(gif)).rejects.toThrow(/GIF: 65535 × 65535 are 4294836225 pixels/)
    const jpeg = file('colour.jpg')
    await expect(decodeImage(jpeg, { maxPixels: 220 })).rejects.toThrow(/13 × 17 are 221 pixels/)
    expect((await decodeImage(jpeg, { maxPixels: 221 })).shape).toEqual([3, 13, 17])
  })

  test('a frame larger than its GIF says is within the limit too', async () => {
    const gif = Buffer.from(file('palette.gif'))
    const at = gif.indexOf(Buffer.from([0x2c, 0, 0, 0, 0, 17, 0, 13, 0]))
    expect(at).toBeGreaterThan(0)
    gif.writeUInt16LE(60_000, at + 5)
    gif.writeUInt16LE(60_000, at + 7)
    await expect(decodeImage(gif, { mode: 'index' })).rejects.toThrow(FormatError)
  })

  test('what is not an image says so', async () => {
    await expect(decodeImage(Buffer.alloc(0))).rejects.toThrow(/image: the file is empty/)
    await expect(decodeImage(Buffer.from('<svg></svg>'))).rejects.toThrow(
      /the first bytes are not those of a JPEG, PNG, GIF or WebP file/,
    )
    await expect(readImage(join(folder, 'none.png'))).rejects.toThrow(/does not exist.*none\.png/s)
    await expect(readImage(folder)).rejects.toThrow(/cannot be read \(EISDIR\)/)
    expect(() => parseImageInfo(Buffer.from([0xff, 0xd8, 0xff, 0xd9]))).toThrow(
      /JPEG: there is no frame.*at byte 2/s,
    )
  })

  test('what is missing may be accepted', async () => {
    const bytes = file('colour.jpg')
    const cut = bytes.subarray(0, bytes.length - 60)
    await expect(decodeImage(cut)).rejects.toThrow(/JPEG: it cannot be decoded.*premature end/)
    expect((await decodeImage(cut, { allowTruncated: true })).shape).toEqual([3, 13, 17])
  })
})

describe('encodeImage', () => {
  manualSeed(0)
  const colour = randint(0, 256, [3, 9, 14], { dtype: 'uint8' })

  test.each([
    ['PNG', 1],
    ['PNG', 2],
    ['PNG', 3],
    ['PNG', 4],
    ['WebP', 3],
    ['WebP', 4],
  ] as [ImageFormat, number][])('%s keeps %i channels as they are', async (format, channels) => {
    const image = randint(0, 256, [channels, 9, 14], { dtype: 'uint8' })
    if (channels === 4) image.select(0, 3).fill_(200)
    const back = await decodeImage(await encodeImage(image, format, { lossless: true }))
    expect(back.equal(image)).toBe(true)
  })

  test('JPEG gets closer with quality', async () => {
    const smooth = arange(64).view(1, 8, 8).mul(4).to('uint8')
    const error = async (quality: number): Promise<number> => {
      const back = await decodeImage(await encodeImage(smooth, 'JPEG', { quality }))
      return back.to('float32').sub(smooth.to('float32')).abs().mean().item()
    }
    expect(await error(95)).toBeLessThan(2)
    expect(await error(5)).toBeGreaterThan(await error(95))
  })

  test.each(['PNG', 'GIF'] as const)('%s keeps indices and palette', async (format) => {
    const palette = Array.from({ length: 200 }, (_, i) => [i, 255 - i, (i * 7) % 256] as const)
    const indices = randint(0, 200, [40, 70], { dtype: 'uint8' })
    const bytes = await encodeImage(indices, format, { palette })
    const back = await decodeImage(bytes, { mode: 'index' })
    expect(back.squeeze(0).equal(indices)).toBe(true)
    expect(parseImageInfo(bytes).palette?.slice(0, 200)).toEqual(palette)
    const rgb = await decodeImage(bytes, { mode: 'rgb' })
    const red = tensor(
      palette.map(([r]) => r),
      { dtype: 'uint8' },
    )
    expect(rgb.select(0, 0).equal(red.indexSelect(0, indices.view(-1).long()).view(40, 70))).toBe(
      true,
    )
  })

  test('GIF files give the same by our kernel and by the library', async () => {
    const { default: sharp } = await import('sharp')
    for (const interlace of [false, true]) {
      for (const colours of [2, 3, 17, 256]) {
        const grey = randint(0, colours, [61, 83], { dtype: 'uint8' })
        const raw = { width: 83, height: 61, channels: 1 as const }
        const pixels = grey.mul(Math.floor(255 / colours)).toArray() as Uint8Array
        const picture = sharp(pixels, { raw }).gif({ colours, progressive: interlace, dither: 0 })
        const bytes = await picture.toBuffer()
        const own = await decodeImage(bytes, { mode: 'index' })
        const theirs = await decodeImage(bytes, { mode: 'index', allowTruncated: true })
        expect(own.equal(theirs)).toBe(true)
      }
    }
  })

  test('GIF of a single colour, and one that fills the table of codes', async () => {
    const two = [
      [0, 0, 0],
      [255, 255, 255],
    ] as const
    for (const image of [
      tensor([[1]], { dtype: 'uint8' }),
      rand([300, 500]).gt(0.5).to('uint8'),
      rand([300, 500]).gt(2).to('uint8'),
    ]) {
      const bytes = await encodeImage(image, 'GIF', { palette: two })
      expect((await decodeImage(bytes, { mode: 'index' })).squeeze(0).equal(image)).toBe(true)
    }
  })

  test('16 bits of a PNG', async () => {
    const image = randint(0, 65536, [1, 5, 6], { dtype: 'int32' })
    const bytes = await encodeImage(image, 'PNG')
    expect(parseImageInfo(bytes).bits).toBe(16)
    expect((await decodeImage(bytes, { dtype: 'int32' })).equal(image)).toBe(true)
    const colours = randint(0, 65536, [3, 5, 6], { dtype: 'int32' })
    const back = await decodeImage(await encodeImage(colours, 'PNG'), { dtype: 'int32' })
    expect(back.equal(colours)).toBe(true)
  })

  test('floats are shares of white, bools are white', async () => {
    const back = await decodeImage(await encodeImage(tensor([[0, 0.5, 1, 2]]), 'PNG'))
    expect(back.view(-1).tolist()).toEqual([0, 128, 255, 255])
    const mask = tensor([[true, false]], { dtype: 'bool' })
    const black = await decodeImage(await encodeImage(mask, 'PNG'))
    expect(black.view(-1).tolist()).toEqual([255, 0])
  })

  test('refuses what is not an image', async () => {
    const bad = (image: unknown, ...rest: unknown[]): Promise<unknown> =>
      (encodeImage as (...all: unknown[]) => Promise<unknown>)(image, ...rest)
    await expect(bad(rand([5, 5, 5]), 'PNG')).rejects.toThrow(/1 to 4 channels/)
    await expect(bad(rand([5]), 'PNG')).rejects.toThrow(/2 or 3 axes/)
    await expect(bad(rand([3, 0, 5]), 'PNG')).rejects.toThrow(/at least one pixel/)
    await expect(bad(colour.long(), 'PNG')).rejects.toThrow(/int64 is not a type of pixels/)
    await expect(bad(colour.int(), 'JPEG')).rejects.toThrow(/JPEG holds 8 bits/)
    await expect(bad(colour, 'BMP')).rejects.toThrow(/"BMP" is not a format/)
    await expect(bad(colour, 'JPEG', { quality: 0 })).rejects.toThrow(/quality must be/)
    await expect(bad(colour, 'PNG', { palette: [[0, 0, 0]] })).rejects.toThrow(/a palette of 1/)
    await expect(bad('x', 'PNG')).rejects.toThrow(/must be a tensor/)
  })

  test('files: by their name, all or nothing', async () => {
    const path = join(folder, 'a.PNG')
    await writeImage(path, colour)
    expect((await readImage(path)).equal(colour)).toBe(true)
    await expect(writeImage(join(folder, 'a.bmp'), colour)).rejects.toThrow(
      /does not end in one of/,
    )
    writeFileSync(join(folder, 'text.png'), 'no image')
    await expect(readImage(join(folder, 'text.png'))).rejects.toThrow(/text\.png/)
  })

  test.each(['gif', 'webp'])('an animated %s has its frames', async (ending) => {
    const path = join(folder, `moving.${ending}`)
    const frames = randint(0, 2, [4, 3, 12, 10], { dtype: 'uint8' }).mul(255)
    await writeAnimation(path, frames, { fps: 5 })
    const { default: sharp } = await import('sharp')
    const { pages, delay, loop } = await sharp(path, { pages: -1 }).metadata()
    expect({ pages, delay, loop }).toEqual({ pages: 4, delay: [200, 200, 200, 200], loop: 0 })
    const first = await readImage(path, { mode: 'rgb' })
    expect(first.shape).toEqual([3, 12, 10])
    if (ending === 'gif') expect(first.equal(frames.select(0, 0))).toBe(true)
    await expect(writeAnimation(join(folder, 'a.png'), frames)).rejects.toThrow(/GIF or WebP/)
    await expect(writeAnimation(path, frames.select(0, 0))).rejects.toThrow(/4 axes, this has 3/)
  })
})
