import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { Compose, DataLoader, FormatError, MNIST, Normalize, ToTensor } from '../index.ts'

const folder = mkdtempSync(join(tmpdir(), 'mnist-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** An IDX file of bytes. */
function idx(shape: number[], values: number[]): Uint8Array {
  const header = Buffer.alloc(4 + 4 * shape.length)
  header.set([0, 0, 8, shape.length])
  shape.forEach((size, i) => header.writeUInt32BE(size, 4 + 4 * i))
  return Buffer.concat([header, Uint8Array.from(values)])
}

function makeFolder(name: string, images: Uint8Array, labels: Uint8Array): string {
  const root = mkdtempSync(join(folder, name))
  writeFileSync(join(root, 'train-images-idx3-ubyte'), images)
  writeFileSync(join(root, 'train-labels-idx1-ubyte.gz'), gzipSync(labels))
  return root
}

const pixels = Array.from({ length: 2 * 28 * 28 }, (_, i) => i % 256)

describe('MNIST', () => {
  it('reads the real files', () => {
    const test = new MNIST({ train: false })
    expect(test.data === test.images && test.targets === test.labels).toBe(true)
    expect([test.data.shape, test.targets.shape]).toEqual([[10000, 28, 28], [10000]])
    expect(test.length).toBe(10_000)
    const [image, label] = test.getItem(0)
    expect([image.dtype, image.shape, label.item()]).toEqual(['float32', [1, 28, 28], 7])
    expect(image.max().item()).toBeLessThanOrEqual(1)
    const [images, labels] = [...new DataLoader(test, { batchSize: 4 })][0] as never as [
      typeof image,
      typeof label,
    ]
    expect(images.shape).toEqual([4, 1, 28, 28])
    expect(labels.tolist()).toEqual([7, 2, 1, 0])
  })

  it('reads plain and gzipped files of a folder, with transforms', () => {
    const root = makeFolder('good', idx([2, 28, 28], pixels), idx([2], [3, 9]))
    const data = new MNIST({
      root,
      transform: new Compose([new ToTensor(), new Normalize([0.5], [0.5])]),
    })
    const [image, label] = data.getItem(1)
    expect(label.item()).toBe(9)
    const flat = image.flatten().toArray()
    expect(flat[0]).toBeCloseTo(((784 % 256) / 255 - 0.5) / 0.5, 6)
    expect(data.getBatch([1])[0].flatten().tolist()).toEqual([...flat])
  })

  it('refuses what is missing, corrupt or does not fit', () => {
    expect(() => new MNIST({ root: join(folder, 'nowhere') })).toThrow(FormatError)
    expect(() => new MNIST({ root: join(folder, 'nowhere') })).toThrow(/the file does not exist/)
    const truncated = idx([2, 28, 28], pixels).subarray(0, 100)
    expect(() => new MNIST({ root: makeFolder('a', truncated, idx([2], [3, 9])) })).toThrow(
      FormatError,
    )
    expect(
      () => new MNIST({ root: makeFolder('b', idx([2, 28, 28], pixels), idx([3], [1, 2, 3])) }),
    ).toThrow(/do not belong together/)
    expect(
      () => new MNIST({ root: makeFolder('c', idx([2, 28, 28], pixels), idx([2], [3, 10])) }),
    ).toThrow(/label 10 is not one of 10 classes/)
    expect(
      () => new MNIST({ root: makeFolder('d', Uint8Array.of(1, 2, 3), idx([2], [3, 9])) }),
    ).toThrow(FormatError)
  })
})

describe('transforms', () => {
  it('refuse images of another form', () => {
    const test = new MNIST({ train: false })
    expect(() => new ToTensor().apply(test.labels.select(0, 0))).toThrow(
      /image must be a tensor \[C, H, W\] or \[H, W\]/,
    )
    expect(() => new Normalize([0.5], [0])).toThrow(/std must be > 0/)
    expect(() => new Normalize([0.5, 0.5], [1, 1]).apply(test.getItem(0)[0])).toThrow(
      /2 channels are expected/,
    )
  })
})
