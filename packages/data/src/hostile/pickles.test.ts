import { existsSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { afterAll, describe, expect, it } from 'vitest'
import { writeTorchZip } from '../formats/torch-zip.ts'
import { parseTorchFile, serializeTorchFile } from '../torch-file.ts'
import { bounded } from '../testing/bounded.ts'

// Pickles written by hand, instruction by instruction, each in both containers of PyTorch.

const marker = join(tmpdir(), `flambeau-pwned-${process.pid}`)
afterAll(() => rmSync(marker, { force: true }))

const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const uint32 = (value: number): string => {
  const out = Buffer.alloc(4)
  out.writeUInt32LE(value >>> 0)
  return out.toString('latin1')
}
const uint64 = (value: bigint): string => {
  const out = Buffer.alloc(8)
  out.writeBigUInt64LE(value)
  return out.toString('latin1')
}
const text = (value: string): string => `X${uint32(value.length)}${value}`
const int = (value: number): string => `I${value}\n`
const tuple = (...items: string[]): string => `(${items.join('')}t`

const zipped = async (
  pickle: string,
  storages = new Map<string, Uint8Array>(),
): Promise<Uint8Array> => writeTorchZip({ pickle: latin1(pickle), storages, byteorder: 'little' })
/** The format before 1.6: magic number, version, facts, the pickle, keys, storages. */
const legacy = (pickle: string, keys = ']', storages = ''): Uint8Array =>
  latin1(
    '\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.' +
      `\x80\x02}(${text('little_endian')}\x88u.${pickle}\x80\x02${keys}.${storages}`,
  )

/** What both containers say, a line each. */
async function refusal(pickle: string): Promise<string> {
  const messages: string[] = []
  for (const bytes of [await zipped(pickle), legacy(pickle)]) {
    const { refused } = await bounded(() => parseTorchFile(bytes))
    if (refused === null) throw new Error('the pickle was read')
    expect(refused.name).toBe('FormatError')
    messages.push(refused.message.split('\n')[0] as string)
  }
  expect(existsSync(marker)).toBe(false)
  return messages.join('\n')
}

describe('a pickle that wants to run something', () => {
  const command = `touch ${marker}`
  const eight = '\x80\x04'
  it.each<[string, string, RegExp]>([
    ['os.system', `cos\nsystem\n(${text(command)}tR.`, /'os\.system', which is not allowed/],
    ['posix.system', `cposix\nsystem\n(${text(command)}tR.`, /'posix\.system'/],
    ['eval', `cbuiltins\neval\n(${text('1')}tR.`, /'builtins\.eval'/],
    ['exec of Python 2', `c__builtin__\nexec\n(${text('1')}tR.`, /'__builtin__\.exec'/],
    ['getattr', `cbuiltins\ngetattr\n(${text('a')}${text('b')}tR.`, /'builtins\.getattr'/],
    ['__import__', `cbuiltins\n__import__\n(${text('os')}tR.`, /'builtins\.__import__'/],
    ['subprocess', `csubprocess\nPopen\n(${text(command)}tR.`, /'subprocess\.Popen'/],
    [
      'a name from the stack',
      `${eight}\x8c\x02os\x8c\x06system\x93(${text(command)}tR.`,
      /'os\.system'/,
    ],
    ['an instance', `(${text(command)}ios\nsystem\n.`, /'os\.system'/],
    ['an object', `(cos\nsystem\n${text(command)}o.`, /'os\.system'/],
    ['a new object', `${eight}cos\nsystem\n(${text(command)}t\x81.`, /'os\.system'/],
    ['a new object with names', `${eight}ccollections\nOrderedDict\n)}\x92.`, /0x92/],
    ['an extension', '\x80\x02\x82\x01.', /0x82/],
    [
      'a path through modules',
      `ctorch\nnn.functional.os.system\n(${text(command)}tR.`,
      /nn\.functional\.os/,
    ],
    ['a module of torch', `ctorch.serialization\nos\n.`, /'torch\.serialization\.os'/],
    ['loading of another file', `ctorch\nload\n(${text('/etc/passwd')}tR.`, /'torch\.load'/],
    ['what JavaScript has', 'cconstructor\nconstructor\n)R.', /'constructor\.constructor'/],
    ['a prototype', `c__proto__\ntoString\n)R.`, /'__proto__\.toString'/],
    ['names of no module', 'c\n\n)R.', /'\.', which is not allowed/],
    ['a compiled program', 'c__torch__.Net\nforward\n)R.', /'__torch__\.Net\.forward'/],
    ['a name that is long', `c${'a'.repeat(4000)}\nb\n.`, /'a{200}\.b'/],
  ])('is refused by name: %s', async (_name, pickle, message) => {
    expect(await refusal(pickle)).toMatch(message)
  })

  it.each<[string, string, RegExp]>([
    ['calls a number', `I1\n)R.`, /calls what is no function/],
    ['calls a storage class', 'ctorch\nFloatStorage\n)R.', /calls what is no function/],
    ['calls without a tuple', 'ccollections\nOrderedDict\nI1\nR.', /are no tuple/],
    ['calls the type of tensors', 'ctorch\nTensor\n)R.', /of its type alone/],
    ['calls a builtin class', `cbuiltins\nint\n(${text('5')}tR.`, /a class is called/],
    ['gives a class for a value', 'ccollections\nOrderedDict\n.', /a class stands where a value/],
    [
      'gives a storage class for a value',
      ']ctorch\nFloatStorage\na.',
      /a class stands where a value/,
    ],
    [
      'changes a storage class',
      `ctorch\nFloatStorage\n(${text('bytes')}I1\nu.`,
      /of what is no dict/,
    ],
    [
      'changes a function',
      `ccollections\nOrderedDict\n${text('call')}I1\ns.`,
      /of what is no dict/,
    ],
    ['appends to a function', 'ccollections\nOrderedDict\nI1\na.', /appends to what is no list/],
    ['changes bytes', `C\x02ab${text('0')}I1\ns.`, /of what is no dict/],
    ['gives state to a number', 'I1\n}b.', /state to what is no object/],
    [
      'makes a tensor by another call',
      `ctorch._tensor\n_rebuild_from_type_v2\n(ccollections\nOrderedDict\nctorch\nTensor\n))tR.`,
      /made of something else/,
    ],
    [
      'makes a tensor of a dict',
      `ctorch._tensor\n_rebuild_from_type_v2\n(ccollections\nOrderedDict\n}))tR.`,
      /classes of their own/,
    ],
    ['refers to an object by text', 'Pabc\n.', /no storage/],
    ['refers to an object by list', '](I1\nI2\neQ.', /no storage/],
  ])('is refused where it %s', async (_name, pickle, message) => {
    expect(await refusal(pickle)).toMatch(message)
  })

  it('finds names unchanged after an attack', async () => {
    await refusal(`ctorch\nDoubleStorage\n(${text('dtype')}${text('int64')}u.`)
    const bytes = await serializeTorchFile({ x: 1.5 })
    expect(await parseTorchFile(bytes)).toEqual({ x: 1.5 })
  })
})

describe('a pickle that is no program', () => {
  it.each<[string, string, RegExp]>([
    ['without an end', '\x80\x02}', /bytes are wanted.*\n.*left over/],
    ['of nothing', '.', /takes a value that is not there/],
    ['with values left over', 'I1\nI2\n.', /values left over/],
    ['with marks only', '(((.', /takes a mark for a value/],
    ['that closes too much', 'I1\nt.', /closes what it did not open/],
    ['of a protocol to come', '\x80\x06N.', /protocol 6/],
    ['with half an entry', '}(I1\nu.', /a key has no value/],
    ['with a list for a key', '}(]I1\nu.', /keys of dicts/],
    ['with a number that is none', 'Iabc\n.', /no whole number/],
    ['with a floating number that is none', 'Fabc\n.', /is no number/],
    ['with a text without quotes', 'Sabc\n.', /not quoted/],
    ['with a line that never ends', `I${'1'.repeat(9000)}`, /a line does not end/],
    ['with a number of many digits', `I${'1'.repeat(900)}\n.`, /no whole number/],
  ])('is refused: %s', async (_name, pickle, message) => {
    expect(await refusal(pickle)).toMatch(message)
  })

  it.each<[string, string, RegExp]>([
    ['a text', `X\xff\xff\xff\xff`, /bytes are wanted/],
    ['a long text', `\x8d${uint64(2n ** 62n)}`, /bytes are wanted/],
    ['a text of more than any number', `\x8d${uint64(2n ** 64n - 1n)}`, /bytes are wanted/],
    ['bytes', `\x8e${uint64(2n ** 40n)}`, /bytes are wanted/],
    ['a byte array', `\x96${uint64(2n ** 63n)}`, /bytes are wanted/],
    ['a whole number', `\x8b${uint32(2 ** 31 - 1)}`, /too long/],
    ['a whole number below none', `\x8b${uint32(2 ** 32 - 1)}`, /too long/],
    ['old bytes', `T${uint32(2 ** 31)}`, /bytes are wanted/],
  ])('may not announce more than there is: %s', async (_name, pickle, message) => {
    expect(await refusal(`${pickle}abc.`)).toMatch(message)
  })

  it('may announce a frame that is too long, as frames do not matter', async () => {
    const bytes = await zipped(`\x80\x04\x95${uint64(2n ** 63n)}I7\n.`)
    expect(await parseTorchFile(bytes)).toBe(7)
  })
})

describe('the memo', () => {
  it.each<[string, string, RegExp]>([
    ['of what is not there', 'h\x07.', /refers to value 7/],
    ['far beyond', `j${uint32(2 ** 32 - 1)}.`, /refers to value 4294967295/],
    ['by a place that is none', 'gabc\n.', /no place in the memo/],
    ['by a place below none', 'g-1\n.', /no place in the memo/],
    ['of an empty stack', 'q\0N.', /not there/],
    ['into itself', ']q\0h\0a.', /contains itself/],
    ['into itself by a tuple', ']q\0(h\0ta.', /contains itself/],
    ['into itself by a dict', `}q\0(${text('a')}h\0u.`, /contains itself/],
  ])('may not refer to what cannot be: %s', async (_name, pickle, message) => {
    expect(await refusal(pickle)).toMatch(message)
  })

  it('may be written at any place', async () => {
    const pickle = `I1\nr${uint32(2 ** 32 - 1)}0j${uint32(2 ** 32 - 1)}.`
    const { value } = await bounded(async () => parseTorchFile(await zipped(pickle)))
    expect(value).toBe(1)
  })

  // Each list holds the one before it twice: 2^150 texts, if they were written out.
  const laughs = (levels: number): string => {
    let out = `${text('ha')}q\0`
    for (let i = 0; i < levels; i++)
      out += `0](h${String.fromCharCode(i)}h${String.fromCharCode(i)}eq${String.fromCharCode(i + 1)}`
    return out
  }

  it('gives a billion laughs the size of their file', async () => {
    const { refused, value } = await bounded(async () =>
      parseTorchFile(await zipped(`${laughs(150)}.`)),
    )
    expect(refused).toBeNull()
    let depth = 0
    for (let level = value; Array.isArray(level); level = level[0] as unknown) {
      expect(level[0]).toBe(level[1])
      depth++
    }
    expect(depth).toBe(150)
  })

  it.each<[string, string]>([
    ['in a text', `c_codecs\nencode\n${laughs(150)}${text('latin1')}\x86R.`],
    ['in the name of a device', `ctorch\ndevice\n${laughs(150)}\x85R.`],
    ['in the key of an OrderedDict', `ccollections\nOrderedDict\n]${laughs(150)}N\x86a\x85R.`],
    ['in the key of a storage', `(${text('storage')}ctorch\nFloatStorage\n${laughs(150)}NI1\ntQ.`],
    ['in the key of a dict', `}(${laughs(150)}I1\nu.`],
  ])('never writes a billion laughs out: %s', async (_name, pickle) => {
    expect(await refusal(pickle)).toMatch(/text is wanted|keys of dicts|no whole number/)
  })

  it('nests no deeper than what can be walked through', async () => {
    expect(await refusal(`${laughs(250)}.`)).toMatch(/nested more than 200 deep/)
    expect(await refusal(`${'('.repeat(1e5)}${'t'.repeat(1e5)}.`)).toMatch(/nested more than 200/)
    expect(await refusal(`${']'.repeat(1e5)}${'a'.repeat(1e5 - 1)}.`)).toMatch(
      /nested more than 200/,
    )
    expect(
      await refusal(`ccollections\nOrderedDict\n`.repeat(300) + `)${'\x85R'.repeat(300)}.`),
    ).toMatch(/./)
    // From the outside in: each list is put into the one before while it is still empty.
    const inwards = 'h\x01]q\x02a0h\x02]q\x01a0'.repeat(5e4)
    expect(await refusal(`]q\x01${inwards}.`)).toMatch(/nested more than 200/)
    // A part that was walked through before is deeper at its second place.
    const twice = `](${laughs(150)}q\xfe0h\xfe${']'.repeat(100)}h\xfe${'a'.repeat(100)}e.`
    expect(await refusal(twice)).toMatch(/nested more than 200/)
  })

  it.each<[string, string]>([
    ['empty lists', ']'],
    ['empty dicts', '}'],
    ['nulls', 'N'],
    ['copies', '2'],
  ])('and the stack have an end: %s', async (_name, instruction) => {
    const bytes = await zipped(`N${instruction.repeat(6e6)}.`)
    const { refused } = await bounded(() => parseTorchFile(bytes), {
      milliseconds: 3000,
      mebibytes: 512,
    })
    expect(refused?.message).toMatch(/more than 4000000 values/)
  })
})

describe('tensors', () => {
  interface Parts {
    kind?: string
    numel?: string
    offset?: string
    shape?: string
    strides?: string
    key?: string
  }
  const storageOf = ({ kind = 'FloatStorage', numel = int(4), key = text('0') }: Parts): string =>
    `${tuple(text('storage'), `ctorch\n${kind}\n`, key, text('cpu'), numel)}Q`
  const tensorOf = (parts: Parts): string => {
    const { offset = int(0), shape = tuple(int(4)), strides = tuple(int(1)) } = parts
    return `ctorch._utils\n_rebuild_tensor_v2\n${tuple(storageOf(parts), offset, shape, strides, '\x89', ')')}R`
  }
  const read = async (pickle: string, bytes = 16) => {
    const storages = new Map([['0', new Uint8Array(bytes)]])
    const file = await zipped(`\x80\x02${pickle}.`, storages)
    return bounded(() => parseTorchFile(file))
  }

  it('that are whole are read', async () => {
    const { value } = await read(tensorOf({}))
    expect((value as Tensor).tolist()).toEqual([0, 0, 0, 0])
  })

  it.each<[string, Parts]>([
    ['2^62 elements', { shape: tuple('\x8a\x08\0\0\0\0\0\0\0\x40') }],
    [
      'a number of elements beyond 2^64',
      {
        shape: tuple(...Array.from({ length: 5 }, () => int(2 ** 30))),
        strides: tuple(...Array.from({ length: 5 }, () => int(0))),
      },
    ],
    ['an extent below 0', { shape: tuple(int(-1)) }],
    [
      'extents below 0 that multiply to more',
      { shape: tuple(int(-2), int(-2)), strides: tuple(int(2), int(1)) },
    ],
    ['an extent that is no whole number', { shape: tuple('G\x40\x04\0\0\0\0\0\0') }],
    ['an extent that is a text', { shape: tuple(text('4')) }],
    ['a shape that is none', { shape: int(4) }],
    ['a step below 0', { strides: tuple(int(-1)) }],
    ['steps beyond the storage', { strides: tuple(int(2 ** 30)) }],
    ['fewer steps than axes', { strides: ')' }],
    ['a start beyond the storage', { offset: int(4) }],
    ['a start below 0', { offset: int(-1) }],
    ['a start beyond all numbers', { offset: '\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x7f' }],
    [
      '1000 axes',
      {
        shape: tuple(...Array.from({ length: 1000 }, () => int(1))),
        strides: tuple(...Array.from({ length: 1000 }, () => int(1))),
      },
    ],
    ['a storage larger than the file', { numel: int(2 ** 50) }],
    ['a storage of 2^63 elements', { numel: '\x8a\x09\0\0\0\0\0\0\0\x80\0' }],
    ['a storage of fewer than 0 elements', { numel: int(-4) }],
    ['a storage of half an element', { numel: 'G\x3f\xe0\0\0\0\0\0\0' }],
    ['a storage that is not there', { key: text('../0') }],
    ['a storage by a list', { key: ']' }],
    ['wider elements than the storage has', { kind: 'DoubleStorage' }],
  ])('may not have %s', async (_name, parts) => {
    const { refused } = await read(tensorOf(parts))
    expect(refused?.name).toBe('FormatError')
  })

  it('may not give one storage two dtypes, or two lengths', async () => {
    const two = (kind: string, numel: string): string =>
      `(${tensorOf({})}${tensorOf({ kind, numel })}t`
    expect((await read(two('IntStorage', int(4)))).refused?.message).toMatch(/two dtypes/)
    expect((await read(two('FloatStorage', int(4)))).refused).toBeNull()
    // The first length counts.
    const shorter = `(${tensorOf({ numel: int(2), shape: tuple(int(2)) })}${tensorOf({})}t`
    expect((await read(shorter)).refused?.message).toMatch(/beyond its storage of 2/)
  })

  it('may be views of many more elements than there are, without memory', async () => {
    const shape = tuple(int(2 ** 30), int(4))
    const { refused, value } = await read(tensorOf({ shape, strides: tuple(int(0), int(1)) }))
    expect(refused).toBeNull()
    expect((value as Tensor).shape).toEqual([2 ** 30, 4])
  })

  it.each<[string, string, string, RegExp]>([
    ['more bytes than there are', `](${text('0')}e`, uint64(2n ** 40n), /beyond the end/],
    ['fewer than 0', `](${text('0')}e`, uint64(2n ** 64n - 4n), /beyond the end/],
    ['bytes of no storage', `](${text('9')}e`, uint64(0n), /nothing refers to storage '9'/],
    ['a key that is a list', ']]a', uint64(0n), /is no text/],
    ['no length', `](${text('0')}e`, 'abc', /ends before its storages/],
    ['no storages', ']', '', /not in the file/],
    [
      'too few elements',
      `](${text('0')}e`,
      `${uint64(1n)}abcd`,
      /4 bytes in the file and wants 16/,
    ],
  ])('of old files may not have %s', async (_name, keys, data, message) => {
    const bytes = legacy(`\x80\x02${tensorOf({})}.`, keys, data)
    const { refused } = await bounded(() => parseTorchFile(bytes))
    expect(refused?.message).toMatch(message)
  })
})
