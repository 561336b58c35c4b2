import { describe, expect, test } from 'vitest'
import { help, parseOptions, UsageError } from './options.ts'

describe('the command line', () => {
  test('has the defaults of the model', () => {
    expect(parseOptions([])).toMatchObject({ model: 'cnn', epochs: 3, seed: 0, resume: false })
    expect(parseOptions(['--model', 'mlp'])).toMatchObject({ model: 'mlp', epochs: 10 })
  })

  test('takes numbers where they make sense', () => {
    const given = parseOptions([
      '--epochs',
      '2',
      '--batch-size',
      '64',
      '--lr',
      '1e-2',
      '--seed',
      '7',
    ])
    expect(given).toMatchObject({ epochs: 2, batchSize: 64, lr: 0.01, seed: 7 })
  })

  test.each([
    [['--epochs', '0'], /--epochs must be a whole number ≥ 1, not '0'/],
    [['--lr', 'fast'], /--lr must be a number > 0, not 'fast'/],
    [['--seed', '-1'], /seed/],
    [['--model', 'gpt'], /--model must be one of .*, not 'gpt'/],
    [['--colour'], /Unknown option '--colour'/],
  ])('says what is wrong with %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError)
    expect(() => parseOptions(args)).toThrow(message)
  })

  test('explains itself', () => {
    expect(parseOptions(['--help'])).toBeNull()
    expect(help).toContain('--resume')
  })
})
