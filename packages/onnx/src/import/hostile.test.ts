/** Files that are damaged, or that ask for what is not there. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FlambeauError, ones, randn } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportOnnx } from '../export/export.ts'
import { decodeModel, encodeModel } from '../proto/codec.ts'
import type { OnnxModel, OnnxNode, OnnxTensor } from '../proto/messages.ts'
import { importOnnx } from './import.ts'

const node = (
  opType: string,
  input: string[],
  output: string[],
  more: Partial<OnnxNode> = {},
): OnnxNode => ({
  ...{ name: `a ${opType}`, opType, input, output, attribute: [] },
  ...more,
})
const value = (name: string, sizes: number[] = [2]): object => ({
  name,
  type: {
    tensorType: { elemType: 1, shape: { dim: sizes.map((n) => ({ dimValue: BigInt(n) })) } },
  },
})

interface Parts {
  readonly nodes?: OnnxNode[]
  readonly initializer?: OnnxTensor[]
  readonly opset?: number
  readonly input?: object[]
  readonly output?: object[]
}

function model({
  nodes = [node('Relu', ['x'], ['y'])],
  initializer = [],
  ...more
}: Parts): OnnxModel {
  const { opset = 18, input = [value('x')], output = [value('y')] } = more
  return {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: BigInt(opset) }],
    graph: { name: 'g', node: nodes, initializer, input, output },
  }
}

const file = (parts: Parts): Uint8Array => encodeModel(model(parts))
const weights = (more: Partial<OnnxTensor>): OnnxTensor => ({
  ...{ name: 'w', dims: [2n], dataType: 1, rawData: new Uint8Array(8) },
  ...more,
})
const sum = [node('Add', ['x', 'w'], ['y'])]

describe('damaged files', () => {
  it.each<[string, Parts | Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(), /no graph, or no operator set/],
    ['text', Buffer.from('this is no model'), /the bytes are no ONNX model/],
    ['an old operator set', { opset: 9 }, /operator set 9; 13 to 23 are known/],
    ['a future operator set', { opset: 99 }, /operator set 99/],
    [
      'an unknown operator',
      { nodes: [node('Mystery', ['x'], ['y'])] },
      /node 'a Mystery' has the operator Mystery[\s\S]*operators:/,
    ],
    [
      'an operator of another domain',
      { nodes: [node('Mix', ['x'], ['y'], { domain: 'com.example' })] },
      /com\.example\.Mix/,
    ],
    ['control flow', { nodes: [node('Loop', ['x'], ['y'])] }, /without conditions and loops/],
    [
      'an inherited name as operator',
      { nodes: [node('constructor', ['x'], ['y'])] },
      /operator constructor/,
    ],
    [
      'a circle',
      {
        nodes: [node('Relu', ['b'], ['a']), node('Relu', ['a'], ['b']), node('Relu', ['x'], ['y'])],
      },
      /out of order, or in a circle/,
    ],
    [
      'a tensor that nothing makes',
      { nodes: [node('Relu', ['z'], ['y'])] },
      /uses 'z', which nothing makes/,
    ],
    [
      'a tensor made twice',
      { nodes: [node('Relu', ['x'], ['y']), node('Relu', ['x'], ['y'])] },
      /makes 'y' again/,
    ],
    ['an output that nothing makes', { output: [value('q')] }, /nothing makes the output 'q'/],
    ['no output', { output: [] }, /no output/],
    ['two inputs of one name', { input: [value('x'), value('x')] }, /two inputs have one name/],
    [
      'huge dims',
      { nodes: sum, initializer: [weights({ dims: [2n ** 40n, 2n ** 40n] })] },
      /which cannot be/,
    ],
    ['negative dims', { nodes: sum, initializer: [weights({ dims: [-2n] })] }, /which cannot be/],
    [
      'large dims without bytes',
      { nodes: sum, initializer: [weights({ dims: [2n ** 38n] })] },
      /has 8 bytes, its shape/,
    ],
    [
      'too few bytes',
      { nodes: sum, initializer: [weights({ rawData: new Uint8Array(7) })] },
      /has 7 bytes, its shape \[2\] needs 8/,
    ],
    [
      'too few numbers',
      { nodes: sum, initializer: [{ name: 'w', dims: [2n], dataType: 1, floatData: [1] }] },
      /has 1 elements, its shape \[2\] needs 2/,
    ],
    [
      'an element type without a dtype',
      { nodes: sum, initializer: [weights({ dataType: 14 })] },
      /is complex64, which flambeau has no dtype/,
    ],
    ['text as elements', { nodes: sum, initializer: [weights({ dataType: 8 })] }, /is string/],
    [
      'an input of text',
      { input: [{ name: 'x', type: { tensorType: { elemType: 8 } } }] },
      /is string, which flambeau has no dtype/,
    ],
    [
      'an input that is no tensor',
      { input: [{ name: 'x', type: { sequenceType: {} } }] },
      /'x' is no tensor/,
    ],
    [
      'external bytes without a folder',
      {
        nodes: sum,
        initializer: [
          weights({ dataLocation: 1, externalData: [{ key: 'location', value: 'w.bin' }] }),
        ],
      },
      /import from a path/,
    ],
    [
      'an attribute without a value',
      { nodes: [node('Elu', ['x'], ['y'], { attribute: [{ name: 'alpha', type: 4 }] })] },
      /attribute 'alpha'/,
    ],
  ])('%s', async (_name, parts, rule) => {
    const bytes = parts instanceof Uint8Array ? parts : file(parts)
    const error = await importOnnx(bytes).then(
      () => null,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(FlambeauError)
    expect((error as Error).message).toMatch(rule)
  })

  it.each<[string, Parts, RegExp]>([
    [
      'a reshape that does not fit',
      {
        nodes: [node('Reshape', ['x', 's'], ['y'])],
        initializer: [{ name: 's', dims: [1n], dataType: 7, int64Data: [3n] }],
      },
      /node 'a Reshape' \(Reshape\): reshape: /,
    ],
    ['a missing input', { nodes: [node('Add', ['x'], ['y'])] }, /\(Add\): input 1 is missing/],
    [
      'an attribute of another kind',
      {
        nodes: [
          node('Elu', ['x'], ['y'], {
            attribute: [{ name: 'alpha', type: 3, s: new Uint8Array([97]) }],
          }),
        ],
      },
      /attribute 'alpha' is no number/,
    ],
    [
      'an axis that is not there',
      { nodes: [node('Softmax', ['x'], ['y'], { attribute: [{ name: 'axis', type: 2, i: 5n }] })] },
      /there is no axis 5/,
    ],
    [
      'a cast to text',
      { nodes: [node('Cast', ['x'], ['y'], { attribute: [{ name: 'to', type: 2, i: 8n }] })] },
      /casts to string/,
    ],
    [
      'more memory than there is',
      {
        nodes: [node('Expand', ['x', 's'], ['e']), node('Exp', ['e'], ['y'])],
        initializer: [{ name: 's', dims: [2n], dataType: 7, int64Data: [2n ** 44n, 2n] }],
      },
      /Exp/,
    ],
  ])('%s is said to be of its node', async (_name, parts, rule) => {
    const net = await importOnnx(file(parts))
    expect(() => net(ones([2]))).toThrow(rule)
    expect(() => net(ones([2]))).toThrow(FlambeauError)
  })

  it('a graph inside of graphs without end is refused, not followed', async () => {
    let inner = model({}).graph as NonNullable<OnnxModel['graph']>
    let attempts = 0
    for (let i = 0; i < 3000; i++) {
      inner = {
        ...inner,
        node: [
          node('If', ['x'], ['y'], { attribute: [{ name: 'then_branch', type: 5, g: inner }] }),
        ],
      }
      if (i % 500 !== 499) continue
      let bytes: Uint8Array
      try {
        bytes = encodeModel({ ...model({}), graph: inner })
      } catch {
        break // the writer gives up first
      }
      await expect(importOnnx(bytes)).rejects.toThrow(FlambeauError)
      attempts++
    }
    expect(attempts).toBeGreaterThan(0)
  })

  it('every cut and many flipped bits end in an error or a module, soon', async () => {
    const whole = await exportOnnx(new nn.GRU(3, 2), randn([5, 3]))
    let attempts = 0
    const attempt = async (bytes: Uint8Array): Promise<void> => {
      attempts++
      try {
        const net = await importOnnx(bytes)
        net(...net.graph.inputs.map(() => randn([5, 3])))
      } catch (error) {
        if (!(error instanceof FlambeauError)) throw error
      }
    }
    for (let length = 0; length < whole.length; length += 7)
      await attempt(whole.subarray(0, length))
    let seed = 1
    for (let i = 0; i < 400; i++) {
      seed = (seed * 48271) % 2147483647
      const bytes = Uint8Array.from(whole)
      bytes[seed % bytes.length] = (bytes[seed % bytes.length] as number) ^ (1 << (i % 8))
      await attempt(bytes)
    }
    expect(attempts).toBeGreaterThan(500)
  })

  it('names of parameters cannot reach the prototype', async () => {
    const names = ['__proto__', 'constructor.prototype', 'forward', 'graph', 'a..b', '', 'training']
    for (const name of names) {
      const nodes = [node('Add', ['x', name], ['y'])]
      if (name === '') continue
      const net = await importOnnx(
        file({
          nodes,
          initializer: [
            weights({ name, rawData: new Uint8Array(new Float32Array([1, 2]).buffer) }),
          ],
        }),
      )
      expect(net(ones([2])).tolist()).toEqual([2, 3])
      expect([...net.parameters()].length).toBe(1)
    }
    expect(({} as Record<string, unknown>)['w']).toBeUndefined()
  })
})

describe('tensors in files of their own', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'onnx-'))
    mkdirSync(join(folder, 'model'))
    const bytes = new Uint8Array(new Float32Array([0, 0, 5, 7]).buffer)
    writeFileSync(join(folder, 'model', 'w.bin'), bytes)
    writeFileSync(join(folder, 'secret.bin'), bytes)
    symlinkSync(join(folder, 'secret.bin'), join(folder, 'model', 'link.bin'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const stored = (fields: Record<string, string>): string => {
    const externalData = Object.entries(fields).map(([key, text]) => ({ key, value: text }))
    const path = join(folder, 'model', 'net.onnx')
    const { rawData: _none, ...rest } = weights({})
    writeFileSync(
      path,
      file({ nodes: sum, initializer: [{ ...rest, dataLocation: 1, externalData }] }),
    )
    return path
  }

  it('are read where they lie', async () => {
    const net = await importOnnx(stored({ location: 'w.bin', offset: '8', length: '8' }))
    expect(net(ones([2])).tolist()).toEqual([6, 8])
  })

  it.each<[string, Record<string, string>, RegExp]>([
    ['a path that leads out', { location: '../secret.bin', length: '8' }, /does not lie beside/],
    ['an absolute path', { location: '/etc/passwd' }, /does not lie beside/],
    ['a link that leads out', { location: 'link.bin', length: '8' }, /leads out of the folder/],
    ['no file', { location: 'none.bin' }, /no such file/],
    ['no place', {}, /does not lie beside/],
    [
      'a part beyond the end',
      { location: 'w.bin', offset: '12', length: '8' },
      /bytes 12 to 20 of 16/,
    ],
    ['another length', { location: 'w.bin', length: '16' }, /16 bytes, its shape needs 8/],
    ['a negative place', { location: 'w.bin', offset: '-8', length: '8' }, /bytes -8/],
  ])('%s is refused', async (_name, fields, rule) => {
    await expect(importOnnx(stored(fields))).rejects.toThrow(rule)
  })
})

describe('options', () => {
  it('operators may be carried out by the caller', async () => {
    const bytes = file({
      nodes: [
        node('Mystery', ['x'], ['h']),
        node('Mix', ['h', ''], ['y'], { domain: 'com.example' }),
      ],
    })
    const net = await importOnnx(bytes, {
      operators: {
        Mystery: ([x]) => (x ?? ones([2])).mul(3),
        'com.example.Mix': ([x, none], { type }) => [
          (x ?? ones([2])).add(none === null && type === 'Mix' ? 1 : 0),
        ],
      },
    })
    expect(net(ones([2])).tolist()).toEqual([4, 4])
  })

  it('say what learns', async () => {
    const bytes = file({ nodes: sum, initializer: [weights({})] })
    expect([...(await importOnnx(bytes)).parameters()].length).toBe(1)
    const net = await importOnnx(bytes, { trainable: (name) => name !== 'w' })
    expect([[...net.parameters()].length, [...net.buffers()].length]).toEqual([0, 1])
  })

  it('a model is a path, a URL or bytes', async () => {
    await expect(importOnnx(3 as never)).rejects.toThrow(/a model is a path, or bytes/)
    await expect(importOnnx('/no/such/file.onnx')).rejects.toThrow(/ENOENT/)
    const url = new URL('../../goldens/resnet_script_14.onnx', import.meta.url)
    expect((await importOnnx(url)).graph.opset).toBe(14)
    expect(decodeModel('test', readFileSync(url), 'file').producerName).toBe('pytorch')
  })
})
