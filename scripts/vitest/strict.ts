import { afterEach, beforeEach } from 'vitest'

/**
 * Makes the test environment stricter than production: a warning that a test did not expect fails it.
 * A test that expects a warning replaces `console.warn` or `console.error` with a spy of its own.
 */
const unexpected: string[] = []
const original = { warn: console.warn, error: console.error }

process.on('warning', (warning) => {
  unexpected.push(`process warning: ${warning.name}: ${warning.message}`)
})

beforeEach(() => {
  unexpected.length = 0
  for (const method of ['warn', 'error'] as const) {
    console[method] = (...args: unknown[]) => {
      unexpected.push(`console.${method}: ${args.map(String).join(' ')}`)
      original[method](...args)
    }
  }
})

afterEach(() => {
  Object.assign(console, original)
  if (unexpected.length > 0) {
    throw new Error(`unexpected warnings during the test:\n  ${unexpected.join('\n  ')}`)
  }
})
