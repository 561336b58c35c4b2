import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('.', import.meta.url).pathname,
    include: ['tests/**/*.test.mjs'],
    setupFiles: ['./vitest/strict.ts'],
    allowOnly: false,
    testTimeout: 60_000,
    reporters: ['default', 'json'],
    outputFile: { json: '../test-results/scripts.json' },
  },
})
