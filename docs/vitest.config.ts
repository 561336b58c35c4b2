import { packageTests } from '../vitest.shared.ts'

export default packageTests({ include: ['examples/*.test.ts', 'site/*.test.ts'] })
