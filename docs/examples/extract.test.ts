import { describe, expect, test } from 'vitest'
import { isExpected, readExpectations } from './expectations.ts'
import { examplesInMarkdown, examplesInSource } from './extract.ts'

describe('examples in Markdown', () => {
  const text = [
    '# Title',
    '```ts',
    'const a = 1',
    '',
    'a // => 1',
    '```',
    '```typescript',
    'a fragment',
    '```',
    '```sh',
    'npm test',
    '```',
    '- in a list',
    '  ```ts no-run',
    '  if (a) {',
    '    b()',
    '  }',
    '  ```',
  ].join('\n')

  test('are the blocks marked ts, with the line they start at', () => {
    expect(examplesInMarkdown('README.md', text)).toEqual([
      { file: 'README.md', line: 3, code: 'const a = 1\n\na // => 1\n', runs: true },
      { file: 'README.md', line: 15, code: 'if (a) {\n  b()\n}\n', runs: false },
    ])
  })
})

describe('examples in doc comments', () => {
  test('are found in doc comments only, without the comment signs', () => {
    const source = [
      'export const a: number = 1',
      '/**',
      ' * Doubles.',
      ' *',
      ' * @example',
      ' * ```ts',
      ' * twice(2)',
      ' * // => 4',
      ' * ```',
      ' */',
      'export const fence: string = "```ts"',
      '/* ```ts',
      'not a doc comment',
      '``` */',
    ].join('\n')
    expect(examplesInSource('a.ts', source)).toEqual([
      { file: 'a.ts', line: 7, code: 'twice(2)\n// => 4\n', runs: true },
    ])
  })
})

describe('expectations', () => {
  test('follow an expression or console.log on the same line', () => {
    expect(readExpectations("a.shape // => [2]\nconsole.log('a', b) // => a 1")).toEqual({
      code: "printed(1, a.shape)\nprinted(2, 'a', b)",
      expectations: [
        { line: 1, text: '[2]' },
        { line: 2, text: 'a 1' },
      ],
    })
  })

  test('may stand below and take several lines, aligned or not', () => {
    const { code, expectations } = readExpectations(
      [
        '  console.log(x)',
        '  // => [[1],',
        '  //     [2]]',
        '',
        '// a remark',
        'y // => 1',
        '// 2',
      ].join('\n'),
    )
    expect(expectations).toEqual([
      { line: 1, text: '[[1],\n [2]]' },
      { line: 6, text: '1\n2' },
    ])
    expect(code.split('\n')[0]).toBe('  printed(1, x)')
    expect(code.split('\n')[4]).toBe('// a remark')
  })

  test('keep deeper indentation of continued lines', () => {
    const { expectations } = readExpectations('x\n// => a\n//     b')
    expect(expectations).toEqual([{ line: 1, text: 'a\n b' }])
  })

  test('are refused where nothing is printed', () => {
    expect(() => readExpectations('const a = 1 // => 1')).toThrow(/line 1: "\/\/ =>" belongs after/)
    expect(() => readExpectations('\n// => 1')).toThrow(/line 1/)
  })

  test('compare whole texts, and … stands for anything', () => {
    expect(isExpected('[1, 2]', '[1, 2]')).toBe(true)
    expect(isExpected('[1, 2] ', '[1, 2]')).toBe(false)
    expect(isExpected('x = 0.1234', 'x = 0.1…')).toBe(true)
    expect(isExpected('x = 0.2', 'x = 0.1…')).toBe(false)
    expect(isExpected('axb', 'a.b')).toBe(false)
  })
})
