import { mergeConfig } from 'vitest/config'
import type { ViteUserConfig } from 'vitest/config'
import { packageTests } from '../../vitest.shared.ts'

// A browser on a busy machine takes its time to show what has come.
const patient: ViteUserConfig = { test: { expect: { poll: { timeout: 15_000 } } } }

export default mergeConfig(packageTests(), patient)
