import { describe, expect, it } from 'vitest'
import { ones, Tensor, ValueError } from './index.ts'
import * as require from './requirements.ts'

/** A call that must be refused, and what the message says. */
const refused: [string, () => void, RegExp][] = [
  ['no tensor', () => require.requireTensor('f', 'x', 3), /f: x must be a tensor/],
  [
    'no list of tensors',
    () => require.requireTensors('f', 'xs', ones([2])),
    /f: xs must be a list of tensors, not float32 \[2\]/,
  ],
  [
    'too few tensors',
    () => require.requireTensors('f', 'xs', [], 1),
    /f: xs must have at least 1 tensors, not 0/,
  ],
  [
    'a hole among tensors',
    // oxlint-disable-next-line no-sparse-arrays
    () => require.requireTensors('f', 'xs', [ones([1]), , ones([1])]),
    /f: xs\[1\] must be a tensor/,
  ],
  ['no list', () => require.requireList('f', 'sizes', 3), /f: sizes must be a list, not 3/],
  [
    'a list of other things',
    () => require.requireNumberList('f', 'size', [1, '2']),
    /f: size must be a list of numbers, not \[1, "2"\]/,
  ],
  [
    'a list of another length',
    () => require.requireNumberList('f', 'size', [1], 2),
    /f: size must be a list of 2 numbers, not \[1\]\n {2}fix: size: \[1, 2\]/,
  ],
  [
    'no function',
    () => require.requireFunction('f', 'rule', {}),
    /f: rule must be a function, not an object \(Object\)/,
  ],
  ['no text', () => require.requireText('f', 'path', null), /f: path must be a string, not null/],
  ['no number', () => require.requireNumber('f', 'lr', 3n), /f: lr must be a number, not 3n/],
  [
    'no whole number',
    () => require.requireCount('f', 'steps', 0.5, 1),
    /f: steps must be a whole number ≥ 1, not 0.5\n {2}fix: steps: 1/,
  ],
  [
    'one of several that is no whole number',
    () => require.requireCounts('f', { rows: 2, columns: '3' }, 1),
    /f: columns must be a whole number ≥ 1, not "3"/,
  ],
  [
    'neither true nor false',
    () => require.requireBoolean('f', 'keepdim', 1),
    /f: keepdim must be true or false, not 1\n {2}fix: keepdim: true/,
  ],
  [
    'what cannot be iterated over',
    () => require.requireIterable('f', 'batches', { length: 1 }, 'a list of batches', '[x]'),
    /f: batches must be a list of batches, not an object \(Object\)\n {2}fix: \[x\]/,
  ],
  ['text for a list', () => require.requireIterable('f', 'words', 'ab'), /words must be a list/],
  [
    'none of the known',
    () => require.requireOneOf('f', 'mode', 'x', ['a', 'b']),
    /f: mode must be one of "a", "b", not "x"/,
  ],
  [
    'no options',
    () => require.requireOptions<{ a?: number; b?: number }>('f', undefined, ['a', 'b']),
    /f: options are an object with a, b, not undefined\n {2}fix: \{ a: …, b: … \}/,
  ],
  [
    'options that lack one',
    () => require.requireOptions<{ a?: number; b?: number }>('f', { a: 1 }, ['a', 'b']),
    /f: the options need a, b, but b is missing\n {2}fix: add b: …/,
  ],
  [
    'an object of another class',
    () => require.requireInstance('f', 'x', new Map(), Tensor, 'ones([2])'),
    /f: x must be a Tensor, not an object \(Map\)\n {2}fix: ones\(\[2\]\)/,
  ],
]

describe('requirements', () => {
  it.each(refused)('refuse %s', (_, call, message) => {
    expect(call).toThrow(ValueError)
    expect(call).toThrow(message)
  })

  it('let through what is right', () => {
    expect(() => {
      require.requireTensors('f', 'xs', [ones([1])], 1)
      require.requireNumberList('f', 'size', [1, 2], 2)
      require.requireFunction('f', 'rule', () => 1)
      require.requireCount('f', 'steps', 0)
      require.requireCounts('f', { rows: 1, columns: 2 }, 1)
      require.requireBoolean('f', 'keepdim', false)
      for (const list of [[1], new Set(), new Float32Array(2)])
        require.requireIterable('f', 'x', list)
      require.requireOneOf('f', 'mode', 'a', ['a', 'b'])
      require.requireOptions('f', {})
      require.requireInstance('f', 'x', ones([1]), Tensor)
    }).not.toThrow()
  })
})
