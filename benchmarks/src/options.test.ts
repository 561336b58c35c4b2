import { describe, expect, it } from 'vitest'
import { parseOptions, UsageError } from './options.ts'

describe('parseOptions', () => {
  it('runs everything, three rounds, without flags', () => {
    expect(parseOptions([])).toEqual({
      only: [],
      threads: 0,
      rounds: 3,
      seconds: 5,
      quiet: 0,
      json: undefined,
      python: undefined,
      list: false,
      pytorch: 'eager',
      dropout: true,
      device: 'cpu',
      precision: 'float32',
      graph: false,
      profile: undefined,
    })
  })

  it('splits names at commas, and takes --only several times', () => {
    expect(parseOptions(['--only', 'a,b*', '--only=c'])?.only).toEqual(['a', 'b*', 'c'])
  })

  it('reads numbers and paths, also after --', () => {
    const options = parseOptions(['--', '--threads', '2', '--rounds', '7', '--json', 'out.json'])
    expect(options).toMatchObject({ threads: 2, rounds: 7, json: 'out.json' })
  })

  it('chooses what PyTorch is run as', () => {
    expect(parseOptions(['--compile'])).toMatchObject({ pytorch: 'compile', dropout: false })
    expect(parseOptions(['--tuned', '--no-dropout'])).toMatchObject({
      pytorch: 'tuned',
      dropout: false,
    })
    expect(() => parseOptions(['--tuned', '--compile'])).toThrow(UsageError)
    expect(parseOptions(['--profile', 'mlp_mnist'])?.profile).toBe('mlp_mnist')
  })

  it('asks for help', () => {
    expect(parseOptions(['--help'])).toBeNull()
  })

  it.each([
    [['--threads', '0'], "--threads must be a whole number ≥ 1, not '0'"],
    [['--rounds', '1.5'], "--rounds must be a whole number ≥ 1, not '1.5'"],
    [['--seconds', 'soon'], "--seconds must be a number ≥ 0, not 'soon'"],
    [['--quiet', ''], "--quiet must be a number ≥ 0, not ''"],
    [['--fast'], "Unknown option '--fast'"],
    [['mlp_mnist'], "Unexpected argument 'mlp_mnist'"],
  ])('refuses %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError)
    expect(() => parseOptions(args)).toThrow(message)
  })
})
