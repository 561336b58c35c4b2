/** Parameters go on where they were: into a file, and back the next time. */
import { existsSync } from 'node:fs'
import { manualSeed, randn } from '@flambeau/core'
import { load, save } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { outFile } from '../settings.ts'

const path = outFile('checkpoint.pt')
manualSeed(0)
const x = randn(1, 4)
for (const run of ['first', 'second']) {
  const net = new nn.Linear(4, 2)
  // Mended: the first time there is nothing to load yet.
  if (existsSync(path)) net.loadStateDict(await load(path))
  console.log(run, net(x).detach())
  await save(net.stateDict(), path)
}
