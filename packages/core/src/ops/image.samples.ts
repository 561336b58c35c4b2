import { samplesFor, withLayout } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import type { BorderMode, ResizeFilter, Sampling } from './image.ts'
import { imageGif, imageRecolour, imageResize, imageTable, imageWarp } from './image.ts'

const turn = [0.9, -0.31, 2.713, 0.28, 1.1, -1.937, 0, 0, 1]
const tilt = [1.1, 0.12, -1.313, 0.07, 0.9, 0.617, 0.011, -0.006, 1]
// One step of 8 bits: halves are rounded either way.
const step = { rtol: 0, atol: 1 }
const float = { rtol: 1e-4, atol: 3e-5 }
const interleaved = (x: Tensor): Tensor => x.permute(1, 2, 0).contiguous().permute(2, 0, 1)

const warp =
  (map: readonly number[], sampling: Sampling, border: BorderMode) =>
  (x: Tensor): Tensor =>
    imageWarp(x, map, { height: 9, width: 12, sampling, border, fill: [0] })

for (const [name, map] of Object.entries({ turn, tilt })) {
  for (const sampling of ['nearest', 'bilinear', 'bicubic'] as const) {
    for (const border of ['constant', 'edge', 'symmetric'] as const) {
      const what = `${name}, ${sampling}, ${border}`
      const run = warp(map, sampling, border)
      const exact = sampling === 'nearest'
      samplesFor('image_warp', [
        { name: `${what}, float32`, golden: `image:warp/${what}, float32`, run, tolerance: float },
        {
          name: `${what}, uint8`,
          golden: `image:warp/${what}, uint8`,
          run,
          tolerance: exact ? { rtol: 0, atol: 0 } : step,
        },
        {
          name: `${what}, uint8, channels beside each other`,
          golden: `image:warp/${what}, uint8`,
          run: (x: Tensor) => run(interleaved(x)),
          tolerance: exact ? { rtol: 0, atol: 0 } : step,
        },
      ])
    }
  }
}

const still = { height: 3, width: 3, sampling: 'nearest', border: 'constant', fill: [7] } as const
samplesFor('image_warp', [
  {
    name: 'a map of infinities',
    inputs: [{ shape: [1, 3, 3], dtype: 'uint8', low: 0, high: 255 }],
    run: (x: Tensor) => imageWarp(x, [0, 0, Infinity, NaN, 0, 0, 0, 0, 1], still),
  },
  {
    name: 'reflect and wrap, of int64',
    inputs: [{ shape: [2, 3, 4], dtype: 'int64' }],
    run: (x: Tensor) => {
      const far = [1, 0, -9, 0, 1, -7, 0, 0, 1]
      const options = { ...still, height: 20, width: 20 }
      return [
        imageWarp(x, far, { ...options, border: 'reflect' }),
        imageWarp(x, far, { ...options, border: 'wrap' }),
      ]
    },
  },
  {
    name: 'nothing, filled',
    inputs: [{ shape: [2, 0, 4], dtype: 'uint8' }],
    run: (x: Tensor) => imageWarp(x, turn, still),
  },
  {
    name: 'nothing to continue',
    inputs: [{ shape: [2, 0, 4], dtype: 'uint8' }],
    run: (x: Tensor) => imageWarp(x, turn, { ...still, border: 'edge' }),
    throws: /an empty image has no edge/,
  },
  {
    name: 'a batch',
    inputs: [{ shape: [2, 3, 4, 4], dtype: 'uint8' }],
    run: (x: Tensor) => imageWarp(x, turn, still),
    throws: /an image is \[C, H, W\], this has 4 axes/,
  },
  {
    name: 'blended integers',
    inputs: [{ shape: [3, 4, 4], dtype: 'int64' }],
    run: (x: Tensor) => imageWarp(x, turn, { ...still, sampling: 'bilinear' }),
    throws: /int64 cannot be blended/,
  },
  {
    name: 'a fill for other channels',
    inputs: [{ shape: [3, 4, 4], dtype: 'uint8' }],
    run: (x: Tensor) => imageWarp(x, turn, { ...still, fill: [1, 2] }),
    throws: /2 numbers for 3 channels/,
  },
])

for (const filter of ['nearest', 'nearest-exact', 'bilinear', 'bicubic', 'area'] as const) {
  for (const smooth of filter.startsWith('bi') ? [false, true] : [false]) {
    for (const [height, width] of [
      [5, 4],
      [11, 15],
      [9, 30],
      [9, 16],
    ] as const) {
      const what = `${filter}${smooth ? ', smooth' : ''}, ${height} x ${width}`
      const run = (x: Tensor): Tensor => imageResize(x, height, width, filter, smooth)
      samplesFor('image_resize', [
        {
          name: `${what}, float32`,
          golden: `image:resize/${what}, float32`,
          run,
          tolerance: float,
        },
        { name: `${what}, uint8`, golden: `image:resize/${what}, uint8`, run, tolerance: step },
        {
          name: `${what}, uint8, channels beside each other`,
          golden: `image:resize/${what}, uint8`,
          run: (x: Tensor) => run(interleaved(x)),
          tolerance: step,
        },
      ])
    }
  }
}

const toThree = (filter: ResizeFilter) => (x: Tensor) => imageResize(x, 3, 3, filter, true)
samplesFor('image_resize', [
  {
    name: 'of int64 in another order',
    inputs: [{ shape: [5, 6, 4], dtype: 'int64' }],
    run: (x: Tensor) => toThree('nearest')(withLayout(x, 'transposed')),
  },
  {
    name: 'to nothing',
    inputs: [[2, 4, 4]],
    run: (x: Tensor) => imageResize(x, 0, 3, 'area', true),
  },
  {
    name: 'to a single column, channels beside each other',
    inputs: [{ shape: [3, 4, 5], dtype: 'uint8', low: 0, high: 255 }],
    run: (x: Tensor) => imageResize(interleaved(x), 4, 1, 'bilinear', true),
  },
  {
    name: 'from nothing',
    inputs: [[2, 0, 4]],
    run: toThree('bilinear'),
    throws: /an empty image cannot be enlarged/,
  },
  {
    name: 'another filter',
    inputs: [[2, 4, 4]],
    run: toThree('lanczos' as never),
    throws: /interpolation must be one of nearest/,
  },
  {
    name: 'a negative size',
    inputs: [[2, 4, 4]],
    run: (x: Tensor) => imageResize(x, -1, 3, 'nearest', false),
    throws: /whole numbers from 0/,
  },
])

for (const change of ['saturation', 'hue'] as const) {
  for (const amount of change === 'hue' ? ['-0.35', '0.0', '0.1'] : ['0.0', '0.4', '1.8']) {
    const run = (x: Tensor): Tensor => imageRecolour(x, change, Number(amount))
    const golden = `image:${change}/${amount}`
    samplesFor('image_recolour', [
      { name: `${change} ${amount}, float32`, golden: `${golden}, float32`, run, tolerance: float },
      { name: `${change} ${amount}, uint8`, golden: `${golden}, uint8`, run, tolerance: step },
      {
        name: `${change} ${amount}, uint8, channels beside each other`,
        golden: `${golden}, uint8`,
        run: (x: Tensor) => run(interleaved(x)),
        tolerance: step,
      },
    ])
  }
}
samplesFor('image_recolour', [
  {
    name: 'grey already',
    inputs: [[1, 4, 4]],
    run: (x: Tensor) => imageRecolour(x, 'hue', 0.1),
    throws: /3 channels/,
  },
])

samplesFor('image_table', [
  { name: 'one table', golden: 'image:table/one', run: imageTable },
  { name: 'of each channel', golden: 'image:table/of each channel', run: imageTable },
  {
    name: 'of each channel, channels beside each other',
    golden: 'image:table/of each channel',
    run: (x: Tensor, table: Tensor) => imageTable(interleaved(x), table),
  },
  {
    name: 'a table that is too short',
    inputs: [{ shape: [3, 4, 4], dtype: 'uint8' }, [3, 255]],
    run: imageTable,
    throws: /256 values for each channel/,
  },
  {
    name: 'of floats',
    inputs: [
      [3, 4, 4],
      [3, 256],
    ],
    run: imageTable,
    throws: /must be uint8/,
  },
])

// Code size 2, a block of 2: clear (4), 1, 6 (the first new one: 1 1), 2, end (5), of 3 bits, the last one of 4.
const lzw = { shape: [7], dtype: 'uint8', values: [2, 2, 0x8c, 0x55, 0, 0, 0] } as const
const frame = { start: 0, left: 1, top: 0, width: 2, height: 2, interlaced: false }
samplesFor('image_gif', [
  { name: 'a frame in an image', inputs: [lzw], run: (x: Tensor) => imageGif(x, 3, 4, frame) },
  {
    name: 'rows in turns',
    inputs: [lzw],
    run: (x: Tensor) => imageGif(x, 3, 4, { ...frame, interlaced: true }),
  },
  {
    name: 'data that end early',
    inputs: [lzw],
    run: (x: Tensor) => imageGif(x, 9, 9, { ...frame, width: 8, height: 8 }),
    throws: /image data end after 4 of 64 pixels/,
  },
  {
    name: 'a frame outside of the image',
    inputs: [lzw],
    run: (x: Tensor) => imageGif(x, 2, 2, frame),
    throws: /does not lie in the image/,
  },
  {
    name: 'a code for nothing',
    inputs: [{ shape: [4], dtype: 'uint8', values: [2, 2, 0x3c, 0] }],
    run: (x: Tensor) => imageGif(x, 3, 4, frame),
    throws: /stands for nothing/,
  },
  {
    name: 'no data',
    inputs: [lzw],
    run: (x: Tensor) => imageGif(x, 3, 4, { ...frame, start: 7 }),
    throws: /data are missing/,
  },
  {
    name: 'indices that are too wide',
    inputs: [{ shape: [2], dtype: 'uint8', values: [12, 0] }],
    run: (x: Tensor) => imageGif(x, 3, 4, frame),
    throws: /12 bits do not exist/,
  },
  { name: 'floats', inputs: [[3]], run: (x: Tensor) => imageGif(x, 3, 4, frame), throws: /uint8/ },
])
