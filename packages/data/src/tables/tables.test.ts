import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setDefaultDtype, ValueError } from '@flambeau/core'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { DataLoader } from '../data-loader.ts'
import { FormatError } from '../formats/errors.ts'
import { CsvDataset, parseCsv, readCsv, TableError, TextLineDataset } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'flambeau-tables-'))
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => setDefaultDtype('float32'))
const file = (name: string, data: string | Uint8Array): string => {
  writeFileSync(join(folder, name), data)
  return join(folder, name)
}

function errorOf(call: () => unknown): TableError {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(TableError)
    expect(error).toBeInstanceOf(FormatError)
    return error as TableError
  }
  throw new Error('nothing was thrown')
}

describe('a table', () => {
  const text = 'id,size,ok,name\n1,0.5,true,a\n2,,False,"b, c"\n-3,1e3,TRUE,NA\n'

  it('finds what its columns hold', () => {
    const table = parseCsv(text)
    expect(table.columns).toEqual(['id', 'size', 'ok', 'name'])
    expect(table.columns.map((name) => table.dtype(name))).toEqual([
      'int64',
      'float32',
      'bool',
      'string',
    ])
    expect(table.tensor('id').tolist()).toEqual([1, 2, -3])
    expect(table.tensor('size').tolist()).toEqual([0.5, Number.NaN, 1000])
    expect(table.tensor('ok').tolist()).toEqual([true, false, true])
    expect(table.strings('name')).toEqual(['a', 'b, c', null])
    expect(table.tensor().shape).toEqual([3, 3])
    expect(table.tensor(['id', 'ok']).dtype).toBe('int64')
    expect(table.tensor(['id', 'size']).dtype).toBe('float32')
    expect(table.tensor(['id'], { dtype: 'float64' }).dtype).toBe('float64')
  })

  it('takes dtypes, classes and values for missing fields', () => {
    const table = parseCsv(text, {
      dtypes: { id: 'int16', size: 'float64', ok: 'uint8', name: 'category' },
      fill: { size: -1 },
      columns: ['name', 'size'],
    } as never)
    expect(table.columns).toEqual(['name', 'size'])
    expect(table.tensor('size').tolist()).toEqual([0.5, -1, 1000])
    expect(table.classes('name')).toEqual(['a', 'b, c'])
    expect(table.tensor('name').tolist()).toEqual([0, 1, -1])
    expect(table.strings('name')).toEqual(['a', 'b, c', null])
    setDefaultDtype('float64')
    expect(parseCsv('x\n1.5').dtype('x')).toBe('float64')
    expect(parseCsv('x\n0\n1', { dtypes: 'bool' }).tensor('x').tolist()).toEqual([false, true])
    expect(
      parseCsv('x\n?\n1', { missing: ['?'], fill: 9 })
        .tensor('x')
        .tolist(),
    ).toEqual([9, 1])
  })

  it('reads a column of texts that began like numbers as texts', () => {
    const table = parseCsv('code,n\n007,1\ntrue,2\nx7,3\n')
    expect(table.strings('code')).toEqual(['007', 'true', 'x7'])
    expect(table.tensor('n').tolist()).toEqual([1, 2, 3])
    expect(parseCsv('x\n\n1\n').length).toBe(1)
    expect(parseCsv('x,y\n,\n1,\n').tensor('y').tolist()).toEqual([Number.NaN, Number.NaN])
    expect(parseCsv('x\n 1 \n+2.\n-.5e1\n-inf').tensor('x').tolist()).toEqual([1, 2, -5, -Infinity])
    // Whole numbers that a number cannot hold are no integers.
    expect(parseCsv('x\n12345678901234567890').dtype('x')).toBe('float32')
  })

  it.each<[string, string, Parameters<typeof parseCsv>[1], unknown[]]>([
    ['line ends of Windows', 'a,b\r\n1,2\r\n', {}, [[1, 2]]],
    ['no line end', 'a,b\n1,2', {}, [[1, 2]]],
    ['a byte order mark', '\ufeffa,b\n1,2', { columns: ['a', 'b'] }, [[1, 2]]],
    ['quotes and line ends in fields', '"a\n","b"\n"1","2"\n', { columns: ['a\n', 'b'] }, [[1, 2]]],
    [
      'no header',
      '1,2\n3,4',
      { header: false },
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ['other names', 'a,b\n1,2', { names: ['x', 'y'], columns: ['y', 'x'] }, [[2, 1]]],
    ['other delimiters', "a;b\n'1';2", { delimiter: ';', quote: "'" }, [[1, 2]]],
    [
      'comments and lines before',
      'x y z\n# no\na,b\n# no\n1,2',
      { comment: '#', skipLines: 1 },
      [[1, 2]],
    ],
  ])('takes %s', (_name, data, options, wanted) => {
    expect(parseCsv(data, options).tensor().tolist()).toEqual(wanted)
  })

  it('is read from files, by their encoding and ending', () => {
    expect(readCsv(file('a.tsv', 'a\tb\n1\t2\n')).tensor().tolist()).toEqual([[1, 2]])
    const latin = file('b.csv', Buffer.from('näme\nä\n', 'latin1'))
    expect(readCsv(latin, { encoding: 'latin1' }).strings('näme')).toEqual(['ä'])
    expect(errorOf(() => readCsv(latin)).message).toMatch(/CSV: line 1: the bytes are not UTF-8/)
    expect(() => readCsv(latin, { encoding: 'klingon' })).toThrow(ValueError)
    expect(() => readCsv(join(folder, 'no.csv'))).toThrow(/does not exist/)
  })

  it('names line and column of what does not fit', () => {
    const dtypes = { age: 'int32' } as const
    const error = errorOf(() => readCsv(file('c.csv', 'name,age\na,1\nb,old\n'), { dtypes }))
    expect([error.line, error.column]).toEqual([3, 'age'])
    expect(error.message).toMatch(
      /^CSV: line 3, column 'age': "old" is not a number\n {2}file: .*c\.csv\n {2}fix: name it/,
    )
    const at = (text: string, options = {}): unknown[] => {
      const { line, column, reason } = errorOf(() => parseCsv(text, options))
      return [line, column, reason.replace(/^.*?: /, '')]
    }
    expect(at('age\n1\n1.5', { dtypes })[2]).toMatch(/"1.5" is not a whole number from -2147483648/)
    expect(at('age\n\n3000000000', { dtypes })).toEqual([
      3,
      'age',
      expect.stringMatching(/3000000000/),
    ])
    expect(at('x,age\n1,', { dtypes })).toEqual([
      2,
      'age',
      expect.stringMatching(/int32 cannot say/),
    ])
    expect(at('x\nmaybe', { dtypes: 'bool' })[2]).toMatch(/neither true nor false/)
    expect(at('a,b\n1,2\n1,2,3\n')).toEqual([
      3,
      undefined,
      expect.stringMatching(/another number of fields.*3 instead of 2/),
    ])
    expect(at('a,b\n1,"2\n3,4\n')[2]).toMatch(/a quote is never closed/)
    expect(at('a,b\n1,x"y"\n')).toEqual([
      2,
      undefined,
      expect.stringMatching(/a quote stands within/),
    ])
    expect(at('a,b\n1,"x"y\n')[2]).toMatch(/something follows a closing quote/)
    expect(at('a,a\n1,2')[2]).toMatch(/two columns have the name 'a'/)
    expect(at('a,b\n1,2', { names: ['x'] })[2]).toMatch(/2 fields, 1 names/)
    expect(errorOf(() => parseCsv('')).reason).toMatch(/there is no row/)
    expect(parseCsv('', { names: ['x'] }).length).toBe(0)
  })

  it('refuses options that do not fit', () => {
    expect(() => parseCsv(text, { columns: ['no'] })).toThrow(
      /no column "no".*\n.*id, size, ok, name/,
    )
    expect(() => parseCsv(text, { dtypes: { no: 'int64' } })).toThrow(/no column "no"/)
    expect(() => parseCsv(text, { dtypes: 'float' as never })).toThrow(/not what a column can hold/)
    expect(() => parseCsv(text, { delimiter: '' })).toThrow(/delimiter must be a text/)
    expect(() => parseCsv(text, { quote: '""' })).toThrow(/one character/)
    expect(() => parseCsv(text, { skipLines: -1 })).toThrow(/skipLines/)
    const table = parseCsv(text)
    expect(() => table.tensor('name')).toThrow(/column 'name' holds texts/)
    expect(() => table.strings('id')).toThrow(/holds numbers/)
    expect(() => table.classes('id')).toThrow(/is no category/)
    expect(() => table.tensor('no')).toThrow(/no column "no"/)
  })
})

describe('CsvDataset', () => {
  const path = file('d.csv', 'x,y,note,kind\n1,2,p,b\n3,4.5,q,a\n5,6,r,b\n')

  it('gives features and targets', async () => {
    const data = new CsvDataset(path, { target: 'kind' })
    expect([data.length, data.featureNames, data.targetNames]).toEqual([3, ['x', 'y'], ['kind']])
    expect(data.classes).toEqual(['a', 'b'])
    expect(data.getItem(1).map((part) => part.tolist())).toEqual([[3, 4.5], 0])
    const batches: unknown[] = []
    for await (const [x, y] of new DataLoader(data, { batchSize: 2 }))
      batches.push([x?.tolist(), y?.tolist()])
    expect(batches).toEqual([
      [
        [
          [1, 2],
          [3, 4.5],
        ],
        [1, 0],
      ],
      [[[5, 6]], [1]],
    ])
  })

  it('takes columns, several targets, or none', () => {
    const two = new CsvDataset(path, { features: ['y'], target: ['x', 'kind'], dtype: 'float64' })
    expect(two.getItem(2).map((part) => part.tolist())).toEqual([[6], [5, 1]])
    expect(two.getItem(0)[0]?.dtype).toBe('float64')
    expect(new CsvDataset(path).getItem(0).map((part) => part.tolist())).toEqual([[1, 2]])
    expect(() => new CsvDataset(path, { target: 'no' })).toThrow(/no column "no"/)
    expect(() => new CsvDataset(path, { features: ['note'] })).toThrow(/holds texts/)
    expect(two.toWorker().export).toBe('TensorDataset')
  })
})

describe('TextLineDataset', () => {
  const all = (lines: TextLineDataset): string[] =>
    Array.from({ length: lines.length }, (_, i) => lines.getItem(i))

  it.each<[string, string[]]>([
    ['', []],
    ['\n', ['']],
    ['a', ['a']],
    ['a\n', ['a']],
    ['a\r\n\r\nb\r', ['a', '', 'b\r']],
    ['\ufeffgrö\n數\n', ['grö', '數']],
  ])('finds the lines of %j', (text, wanted) => {
    for (const encoding of ['utf-8', 'utf-16le', 'utf-16be']) {
      const bytes = Buffer.from(text, encoding === 'utf-8' ? 'utf8' : 'utf16le')
      if (encoding === 'utf-16be') bytes.swap16()
      using lines = new TextLineDataset(file('l.txt', bytes), { encoding })
      expect(all(lines)).toEqual(wanted)
      using full = new TextLineDataset(lines.path, { encoding, skipEmpty: true })
      expect(all(full)).toEqual(wanted.filter((line) => line !== ''))
    }
  })

  it.each(['utf-8', 'utf-16le'] as const)('finds lines across chunks: %s', (encoding) => {
    // Line ends fall on both sides of each boundary of a mebibyte.
    const wanted = Array.from(
      { length: 3000 },
      (_, i) => 'x'.repeat((i * 37) % 1400) + 'Ċਊ'[i % 2]!,
    )
    for (const end of ['\n', '\r\n']) {
      const shift = ['', 'yy', 'yyy'].map((start) => [start, ...wanted])
      for (const lines of shift) {
        const bytes = Buffer.from(lines.join(end), encoding === 'utf-8' ? 'utf8' : 'utf16le')
        using data = new TextLineDataset(file('m.txt', bytes), { encoding })
        expect(data.length).toBe(lines.length)
        expect(all(data)).toEqual(lines)
      }
    }
  })

  it('says which line cannot be read', () => {
    const path = file('n.txt', Buffer.from('ok\n\xe4\nok', 'latin1'))
    using lines = new TextLineDataset(path)
    expect(lines.getItem(-1)).toBe('ok')
    const error = errorOf(() => lines.getItem(1))
    expect([error.line, error.offset]).toEqual([2, 3])
    expect(error.message).toMatch(/text: line 2: the bytes are not utf-8/)
    using latin = new TextLineDataset(path, { encoding: 'latin1' })
    expect(latin.getItem(1)).toBe('ä')
    using short = new TextLineDataset(path, { maxLineBytes: 1 })
    expect(() => short.getItem(0)).toThrow(/the line has 2 bytes/)
    truncateSync(path, 1)
    expect(() => latin.getItem(2)).toThrow(/cut after it was opened/)
    expect(() => lines.getItem(3)).toThrow(/sample 3 does not exist/)
    expect(() => new TextLineDataset(join(folder, 'no.txt'))).toThrow(/does not exist/)
    expect(() => new TextLineDataset(path, { encoding: 'klingon' })).toThrow(/no encoding/)
  })

  it('goes to workers with its index, and through a loader', async () => {
    using lines = new TextLineDataset(file('o.txt', 'a\nb\nc\n'))
    const { args = [] } = lines.toWorker()
    using again = new TextLineDataset(...(args as ConstructorParameters<typeof TextLineDataset>))
    expect(all(again)).toEqual(['a', 'b', 'c'])
    const batches: unknown[] = []
    for await (const batch of new DataLoader(lines, { batchSize: 2 })) batches.push(batch)
    expect(batches).toEqual([['a', 'b'], ['c']])
    const table = new CsvDataset(file('p.csv', 'x,y\n1,2\n3,4\n5,6\n'), { target: 'y' })
    const rows: unknown[] = []
    const read: unknown[] = []
    for await (const [x, y] of new DataLoader(table, { batchSize: 2, numWorkers: 1 }))
      rows.push([x?.tolist(), y?.tolist()])
    for await (const batch of new DataLoader(lines, { batchSize: 2, numWorkers: 1 }))
      read.push(batch)
    expect(rows).toEqual([
      [
        [[1], [3]],
        [2, 4],
      ],
      [[[5]], [6]],
    ])
    expect(read).toEqual(batches)
  })
})
