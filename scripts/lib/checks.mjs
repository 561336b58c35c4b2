/** The tasks of turbo.json that make up `npm test`, cheapest first: `pnpm verify` stops at a stage that fails. */
export const stages = [
  ['check:format', 'check:graph', 'check:lint'],
  ['check:types', 'lint:native'],
  ['test:native', 'check:scripts', 'test'],
  ['check:pack'],
]

export const allTasks = stages.flat()
