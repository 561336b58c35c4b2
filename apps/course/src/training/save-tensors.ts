/** Tensors in a file, in a list and by name. */
import { manualSeed, rand } from '@flambeau/core'
import { load, save } from '@flambeau/data'
import { outFile } from '../settings.ts'

manualSeed(0)
const [a, b, c] = [rand(6), rand(6), rand(6)]
await save([a, b, c], outFile('list.pt'))
console.log(await load(outFile('list.pt')))

await save({ a, b, c }, outFile('names.pt'))
console.log(await load(outFile('names.pt')))
