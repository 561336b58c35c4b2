/** The training board: shows runs in the browser; with the writer of runs. */
export * from '@flambeau/tensorboard'
export type { Board, BoardOptions } from './server.ts'
export { serveBoard } from './server.ts'
