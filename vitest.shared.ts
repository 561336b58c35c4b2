import { defineConfig } from 'vitest/config'
import type { ViteUserConfig } from 'vitest/config'

const conditions: string[] = ['@flambeau/source', 'node', 'import', 'default']

/**
 * The test configuration that every package shares. Tests run from TypeScript source: the private
 * export condition `@flambeau/source` leads imports of sibling packages to their `src/`.
 */
export function packageTests({ include = ['src/**/*.test.ts'] } = {}): ViteUserConfig {
  return defineConfig({
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: conditions } },
    test: {
      include,
      setupFiles: [new URL('./scripts/vitest/strict.ts', import.meta.url).pathname],
      // Each file gets a process of its own, so that native state never leaks from one to another.
      pool: 'forks',
      maxWorkers: 2,
      allowOnly: false,
      // scripts/test.mjs counts the tests of the whole repository from these reports.
      reporters: ['default', 'json'],
      outputFile: { json: 'test-results/vitest.json' },
      chaiConfig: { truncateThreshold: 2000 },
      testTimeout: 60_000,
      hookTimeout: 60_000,
    },
  })
}
