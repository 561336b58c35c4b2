import { expect, test } from 'vitest'
import { trier } from '../testing.ts'
import { graphs } from './index.ts'

const run = trier(graphs)

test('graph-layers', async () => {
  const { said } = await run('graph-layers')
  expect(said).toContain('nodes: [ 4, 5 ] edges: [ 8, 5 ]')
  expect(said).toContain('changed alone: [ false, false, false, true ]')
  expect(said).toContain('neighbours: [ 2, 2, 3, 1 ] pooled: [ 4, 5 ]')
  expect(said).toMatch(/the graph: \[ 1, 5 \] \[ 1, 5 \]$/)
})

test('graph-exchange', async () => {
  const { said } = await run('graph-exchange')
  expect(said).toContain('nodes [ 34, 8 ] edges [ 156, 8 ] global [ 1, 8 ]')
  // Member 33 and her 17 friends; then everyone.
  expect(said).toMatch(/after 1 and 2 steps: 18 34$/)
})

test('graph-spectrum', async () => {
  const { said, files } = await run('graph-spectrum')
  expect(said).toContain('rows sum to 0: true\nfrequencies: tensor([0.0000, 0.2680, 0.2680, 1.0000')
  expect(said.match(/true$/gm)).toHaveLength(6)
  expect(files).toEqual(['filter.png', 'waves.png'])
})
