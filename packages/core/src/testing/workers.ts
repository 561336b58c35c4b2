/** Worker threads that run TypeScript source, for tests. */
import { Worker } from 'node:worker_threads'

/** A worker that runs the module, with sibling packages from source too. */
export function startWorker(module: URL, workerData: unknown = null): Worker {
  const code = `import('tsx/esm/api').then(({ register }) => {
    register()
    return import(${JSON.stringify(module.href)})
  })`
  return new Worker(code, {
    eval: true,
    execArgv: ['--conditions=@flambeau/source'],
    workerData,
  })
}

/** The first thing that the worker posts. */
export function firstMessage(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('the worker ended without a message')))
  })
}

/** What the worker posts until it ends. */
export function messagesOf<T>(worker: Worker): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const messages: T[] = []
    worker.on('message', (message: T) => messages.push(message))
    worker.on('error', reject)
    worker.on('exit', (code) => {
      if (code === 0) resolve(messages)
      else reject(new Error(`the worker ended with code ${code}`))
    })
  })
}
