/** A program that reads with workers and comes to its end in some way, for processes.test.ts. */
import { DataLoader } from '../data-loader.ts'
import { WorkerCrashError } from '../loader/errors.ts'
import { Noisy, Troubled } from './worker-datasets.ts'

const kept = new DataLoader(new Noisy(8), { numWorkers: 1, persistentWorkers: true })
switch (process.argv[2]) {
  case 'kept':
    for await (const _ of kept) continue
    break
  case 'dropped':
    await new DataLoader(new Noisy(8), { numWorkers: 1 })[Symbol.asyncIterator]().next()
    break
  case 'thrown':
    for await (const _ of kept) throw new Error('the loop has had enough')
    break
  case 'memory':
    try {
      for await (const _ of new DataLoader(new Troubled(4, 2, 'memory'), { numWorkers: 1 }))
        continue
    } catch (error) {
      if (!(error instanceof WorkerCrashError)) throw error
      process.stdout.write(`${error.message}\n`)
    }
    break
  default:
    throw new Error('which end?')
}
process.stdout.write('the end\n')
