import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { arange, tensor } from '@flambeau/core'
import { afterAll, describe, expect, it } from 'vitest'
import { FormatError } from './formats/errors.ts'
import {
  pickle,
  PickleGlobal,
  PickleReduce,
  PickleReference,
  PickleTuple,
} from './formats/pickle/pickler.ts'
import { writeTorchZip } from './formats/torch-zip.ts'
import {
  load,
  loadTorch,
  parseTorchFile,
  save,
  saveTorch,
  serializeTorchFile,
} from './torch-file.ts'

// Written by fixtures/torch_files.py with PyTorch.
const fixture = (name: string): string => new URL(`fixtures/${name}`, import.meta.url).pathname
const bytesOf = (name: string): Uint8Array => readFileSync(fixture(name))

const folder = mkdtempSync(join(tmpdir(), 'flambeau-torch-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Values {
  dtypes: Record<string, Tensor>
  views: Tensor[]
  plain: Record<string, unknown>
  other: unknown[]
}

function expectValues({ dtypes, views, plain, other }: Values): void {
  for (const [name, values] of Object.entries(dtypes)) {
    expect(values.dtype).toBe(name)
    const first = name === 'uint8' || name === 'bool' ? 0 : -1
    const wanted = name === 'bool' ? [0, 1, 1, 1] : [0, 1, 2, 3].map((v) => v + first)
    expect([...values.to('float64').toArray()]).toEqual(wanted)
  }
  expect(views.map((v) => [...v.shape])).toEqual([[4, 6], [6, 4], [2, 3], [6], [], [0, 3]])
  expect(views[2]?.tolist()).toEqual([
    [6, 8, 10],
    [12, 14, 16],
  ])
  expect(views[1]?.sharesStorageWith(views[0] as Tensor)).toBe(true)
  expect(views[1]?.stride()).toEqual([1, 6])
  expect(plain).toEqual({
    int: 3,
    negative: -70000,
    long: 2 ** 40,
    huge: 2n ** 70n,
    float: 0.1,
    inf: Number.POSITIVE_INFINITY,
    text: 'größe 数',
    none: null,
    yes: true,
    tuple: [1, [2, 3], [4]],
    bytes: Buffer.from([0, 255]),
    keys: { 1: 'one', two: 2 },
    ['__proto__']: 5,
  })
  expect(other.slice(0, 3)).toEqual([[2, 3], 'float16', 'cpu'])
  expect((other[3] as Tensor).tolist()).toEqual([1, 1])
  expect(other[4]).toEqual({ a: 1, b: 2 })
}

describe('loadTorch', () => {
  it.each(['values.pt', 'legacy.pt'])('reads what PyTorch wrote: %s', async (name) => {
    expectValues((await loadTorch(fixture(name))) as unknown as Values)
  })

  it('reads a training checkpoint', async () => {
    const expected = JSON.parse(readFileSync(fixture('torch_files.json'), 'utf8')) as Record<
      string,
      number[]
    >
    const { model, optimizer, epoch } = (await loadTorch(fixture('training.pt'))) as unknown as {
      model: Record<string, Tensor>
      optimizer: { state: Record<string, Record<string, Tensor>>; param_groups: unknown[] }
      epoch: number
    }
    expect(epoch).toBe(1)
    expect(Object.keys(model)).toEqual(expected['keys'])
    const flat = (t: Tensor | undefined): number[] => [...(t as Tensor).flatten().toArray()]
    expect(flat(model['0.weight'])).toEqual(expected['weight']?.map(Math.fround))
    expect(flat(model['1.running_mean'])).toEqual(expected['mean']?.map(Math.fround))
    expect(flat(optimizer.state[0]?.['exp_avg'])).toEqual(expected['exp_avg']?.map(Math.fround))
    expect(optimizer.param_groups).toMatchObject([{ lr: 0.01, betas: [0.9, 0.999] }])
  })

  it('runs nothing that a file wants to run, and says what it was', async () => {
    const message = /'posix\.system', which is not allowed\n {2}file: .*evil.*at byte \d+/
    await expect(loadTorch(fixture('evil.pt'))).rejects.toThrow(message)
    await expect(loadTorch(fixture('evil-legacy.pt'))).rejects.toThrow(message)
    await expect(loadTorch(fixture('module.pt'))).rejects.toThrow(
      /'torch\.nn\.modules\.container\.Sequential', which is not allowed/,
    )
  })

  it('says which file is missing or no file of PyTorch', async () => {
    await expect(loadTorch(join(folder, 'none.pt'))).rejects.toThrow(/does not exist/)
    const text = join(folder, 'text.pt')
    writeFileSync(text, 'hello')
    await expect(loadTorch(text)).rejects.toThrow(/neither a zip archive nor a pickle/)
  })
})

describe('loadTorch of other kinds', () => {
  interface Kinds {
    buffer: Tensor
    noted: Tensor
    parameter: Tensor
    default: unknown
    frozen: unknown
    counter: unknown
    shared: Tensor[]
    device: unknown
  }
  const expectKinds = (kinds: Kinds): void => {
    expect(kinds.buffer.tolist()).toEqual([0, 0])
    expect(kinds.noted.tolist()).toEqual([1, 1])
    expect(kinds.parameter.tolist()).toEqual([1, 1])
    expect(kinds.default).toEqual({ a: [1] })
    expect(kinds.frozen).toEqual([1])
    expect(kinds.counter).toEqual({ a: 2, b: 1 })
    expect(kinds.device).toBe('cuda:1')
    const [base, turned, part, run, wide] = kinds.shared as [Tensor, Tensor, Tensor, Tensor, Tensor]
    expect(turned.stride()).toEqual([1, 4])
    expect(part.tolist()).toEqual([
      [4, 6],
      [8, 10],
    ])
    expect(run.tolist()).toEqual([3, 4, 5, 6])
    expect([wide.shape, wide.stride()]).toEqual([
      [2, 3, 4],
      [0, 4, 1],
    ])
    for (const one of kinds.shared) expect(one.sharesStorageWith(base)).toBe(true)
  }

  it.each(['kinds_2', 'kinds_4', 'kinds_5', 'kinds_legacy'])(
    'reads and writes buffers, views and containers: %s',
    async (name) => {
      const kinds = (await loadTorch(fixture(`torch/${name}.pt`))) as unknown as Kinds
      expectKinds(kinds)
      await save(kinds as never, join(folder, 'kinds.pt'))
      expectKinds((await load(join(folder, 'kinds.pt'))) as unknown as Kinds)
    },
  )

  it.each([
    ['complex', /'torch\.ComplexFloatStorage', .*complex tensors are not supported/],
    ['complex_legacy', /complex tensors are not supported/],
    ['uint16', /'torch\.uint16', .*this dtype are not supported/],
    ['float8', /'torch\.float8_e4m3fn', .*this dtype are not supported/],
    ['sparse', /sparse tensors are not supported/],
    ['sparse_legacy', /sparse tensors are not supported/],
    ['csr', /sparse tensors are not supported/],
    ['quantized', /quantized tensors are not supported/],
    ['quantized_legacy', /quantized tensors are not supported/],
    ['meta', /tensors of the device meta have no elements/],
    ['nested', /nested tensors are not supported/],
    ['storage', /a storage without a tensor/],
    ['subclass', /'__main__\.Own', .*save state_dict\(\)/],
    ['numpy', /values of NumPy are not supported/],
    ['class', /a class stands where a value must be/],
  ])('refuses %s tensors or values by name', async (name, message) => {
    await expect(loadTorch(fixture(`torch/refused_${name}.pt`))).rejects.toThrow(message)
    await expect(loadTorch(fixture(`torch/refused_${name}.pt`))).rejects.toThrow(FormatError)
  })
})

describe('saveTorch', () => {
  it('writes what it reads: dtypes, views of one storage, and plain values', async () => {
    const path = join(folder, 'values.pt')
    await saveTorch(await loadTorch(fixture('values.pt')), path)
    const again = (await loadTorch(path)) as unknown as Values
    expectValues(again)
  })

  it('stores a shared storage once', async () => {
    const x = arange(1000, { dtype: 'float64' })
    const one = await serializeTorchFile([x])
    const three = await serializeTorchFile([x, x.view(10, 100), x.narrow(0, 10, 5)])
    expect(three.length - one.length).toBeLessThan(500)
  })

  it('gives the same bytes for the same values', async () => {
    const value = { a: tensor([1, 2]), b: [1.5, 'x', null] }
    expect(await serializeTorchFile(value)).toEqual(await serializeTorchFile(value))
  })

  it('names what cannot be saved', async () => {
    await expect(serializeTorchFile({ a: [new Map() as never] })).rejects.toThrow(
      /an object of a class cannot be saved \(at 'a\.0'\)/,
    )
    await expect(serializeTorchFile({ f: (() => 1) as never })).rejects.toThrow(/a function/)
    const loop: unknown[] = []
    loop.push(loop)
    await expect(serializeTorchFile(loop as never)).rejects.toThrow(/cannot be saved|itself/)
  })
})

describe('hostile files', () => {
  /** Reads; anything but a value or a FormatError is a failure. */
  async function survives(bytes: Uint8Array): Promise<boolean> {
    try {
      await parseTorchFile(bytes)
      return true
    } catch (error) {
      if (error instanceof FormatError) return false
      throw error
    }
  }

  it.each(['values.pt', 'legacy.pt', 'training.pt'])(
    'survives every cut and many flipped bits: %s',
    async (name) => {
      const bytes = bytesOf(name)
      for (let length = 0; length < bytes.length; length += 37)
        expect(await survives(bytes.subarray(0, length))).toBe(false)
      for (let at = 0; at < bytes.length * 8; at += 61) {
        const changed = bytes.slice()
        changed[at >> 3] = (changed[at >> 3] as number) ^ (1 << (at & 7))
        await survives(changed)
      }
    },
  )

  it('notices a changed weight by its checksum', async () => {
    const bytes = await serializeTorchFile({ w: tensor([1, 2, 3], { dtype: 'float32' }) })
    const at = Buffer.from(bytes).indexOf(Buffer.from(new Float32Array([2, 3]).buffer))
    const changed = bytes.slice()
    changed[at + 2] = (changed[at + 2] as number) ^ 1
    expect(at).toBeGreaterThan(0)
    expect(await survives(changed)).toBe(false)
  })

  const storage = (key: string, numel: number): PickleTuple =>
    new PickleTuple(['storage', new PickleGlobal('torch', 'FloatStorage'), key, 'cpu', numel])
  const archive = async (value: unknown, data = new Uint8Array(16)): Promise<Uint8Array> =>
    writeTorchZip({ pickle: pickle(value), storages: new Map([['0', data]]), byteorder: 'little' })

  it.each<[string, () => Promise<Uint8Array>, RegExp]>([
    [
      'a cycle of lists',
      async () =>
        writeTorchZip({
          pickle: Buffer.from('\x80\x02]q\0h\0a.', 'latin1'),
          storages: new Map(),
          byteorder: 'little',
        }),
      /contains itself/,
    ],
    [
      'deep nesting',
      async () =>
        writeTorchZip({
          pickle: Buffer.from(`\x80\x02${'('.repeat(9999)}N${'t'.repeat(9999)}.`, 'latin1'),
          storages: new Map(),
          byteorder: 'little',
        }),
      /nested more than/,
    ],
    [
      'an unknown instruction',
      async () =>
        writeTorchZip({
          pickle: Buffer.from([0x80, 2, 0xff]),
          storages: new Map(),
          byteorder: 'little',
        }),
      /0xff is not known/,
    ],
    [
      'a length beyond the end',
      async () =>
        writeTorchZip({
          pickle: Buffer.from('\x80\x02X\xff\xff\xff\xff', 'latin1'),
          storages: new Map(),
          byteorder: 'little',
        }),
      /bytes are wanted/,
    ],
    [
      'no pickle',
      async () => {
        const { ZipWriter, Uint8ArrayWriter, Uint8ArrayReader } = await import('@zip.js/zip.js')
        const w = new ZipWriter(new Uint8ArrayWriter())
        await w.add('x', new Uint8ArrayReader(new Uint8Array(3)))
        return w.close()
      },
      /no data\.pkl/,
    ],
    [
      'a zip bomb',
      async () => {
        const { ZipWriter, Uint8ArrayWriter, Uint8ArrayReader } = await import('@zip.js/zip.js')
        const w = new ZipWriter(new Uint8ArrayWriter(), { level: 9 })
        await w.add('a/data.pkl', new Uint8ArrayReader(new Uint8Array(1 << 26)))
        return w.close()
      },
      /claims more|wanted|takes a value|not known|mark/,
    ],
    [
      'a call of what is no function',
      () => archive(new PickleReduce(new PickleGlobal('torch', 'float32'), [])),
      /no function/,
    ],
  ])('refuses %s', async (_name, make, message) => {
    await expect(parseTorchFile(await make())).rejects.toThrow(message)
  })

  it('refuses tensors that go beyond their storage', async () => {
    const made = (numel: number, offset: number, shape: number[], strides: number[]): unknown =>
      new PickleReduce(new PickleGlobal('torch._utils', '_rebuild_tensor_v2'), [
        new PickleReference(storage('0', numel)),
        offset,
        new PickleTuple(shape),
        new PickleTuple(strides),
        false,
        new PickleTuple([]),
      ])
    const read = async (value: unknown): Promise<unknown> => parseTorchFile(await archive(value))
    await expect(read(made(4, 0, [2, 2], [2, 1]))).resolves.toBeDefined()
    await expect(read(made(4, 1, [2, 2], [2, 1]))).rejects.toThrow(/beyond its storage of 4/)
    await expect(read(made(4, 0, [2 ** 40], [2 ** 40]))).rejects.toThrow(/beyond its storage/)
    await expect(read(made(4, 0, [2 ** 52, 2 ** 52], [0, 0]))).rejects.toThrow(FormatError)
    await expect(read(made(4, -1, [1], [1]))).rejects.toThrow(/whole numbers/)
    await expect(read(made(400, 0, [1], [1]))).rejects.toThrow(
      /16 bytes in the file and wants 1600/,
    )
    await expect(read(made(4, 0, [2], [1, 1]))).rejects.toThrow(/whole numbers/)
  })
})
